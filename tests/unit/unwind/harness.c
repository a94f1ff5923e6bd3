/* Shared parts of the stack capture tests (see harness.h). */
#include "tests/unit/unwind/harness.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void (**hook_place)(struct unwind_start *start);
static void (*capture_function)(void);
static void (*user_hook)(struct unwind_start *start);
static unsigned long n_captures;
static const char *running = "";
static char complaint[8192];

static void object_path(char *path, size_t size, const char *name)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);

	assert_true(len > 0);
	path[len] = '\0';
	snprintf(strrchr(path, '/'), size - (size_t)(strrchr(path, '/') - path), "/unwind/%s",
		 name);
}

void *harness_open(const char *name)
{
	char path[4096];
	void *object;

	object_path(path, sizeof(path), name);
	object = dlopen(path, RTLD_LAZY);
	if (!object)
		fail_msg("%s", dlerror());
	return object;
}

void *harness_symbol(void *object, const char *name)
{
	void *address = dlsym(object, name);

	if (!address)
		fail_msg("%s", dlerror());
	return address;
}

static void count_capture(struct unwind_start *start)
{
	n_captures++;
	if (user_hook)
		user_hook(start);
}

int harness_setup(void **state)
{
	void *object = harness_open("libcapture.so");
	void *pcs[2];

	(void)state;
	hook_place = harness_symbol(object, "capture_hook");
	capture_function = (void (*)(void))harness_symbol(object, "capture");
	backtrace(pcs, 2); /* it loads libgcc_s the first time */
	return 0;
}

void harness_hook(void (*hook)(struct unwind_start *start))
{
	user_hook = hook;
	*hook_place = hook ? count_capture : NULL;
}

void (*harness_capture(void))(void)
{
	return capture_function;
}

unsigned long harness_run(void *object, const char *name)
{
	const struct scenario *s = harness_symbol(object, "scenarios");
	int found = 0;

	n_captures = 0;
	for (; s->name; s++) {
		unsigned long before = n_captures;

		if (name && strcmp(name, s->name) != 0)
			continue;
		found = 1;
		running = s->name;
		s->run();
		if (*hook_place)
			harness_check(n_captures > before, "the scenario captured nothing");
	}
	assert_true(found);
	return n_captures;
}

struct unwind_stack harness_stack(void)
{
	struct unwind_stack stack;
	stack_t alternate;

	if (gettid() == getpid())
		unwind_stack_main(&stack, 8 << 20);
	else
		unwind_stack_thread(&stack, 8 << 20);
	if (sigaltstack(NULL, &alternate) == 0 && !(alternate.ss_flags & SS_DISABLE)) {
		stack.alt_lo = (uint64_t)alternate.ss_sp;
		stack.alt_hi = stack.alt_lo + alternate.ss_size;
	}
	return stack;
}

/* glibc's __restore_rt: mov $15, %rax; syscall. */
static int is_trampoline(uint64_t pc)
{
	static const uint8_t code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };

	return memcmp((const void *)pc, code, sizeof(code)) == 0;
}

static int reference(uint64_t from, int after_signal, uint64_t *pcs, int max)
{
	void *all[HARNESS_FRAMES + 32];
	int n_all = backtrace(all, HARNESS_FRAMES + 32);
	int n = 0, begun = 0, interrupted = 0;

	for (int i = 0; i < n_all && n < max; i++) {
		uint64_t pc = (uint64_t)all[i];

		begun |= after_signal ? interrupted : pc == from;
		if (begun)
			pcs[n++] = pc + (uint64_t)interrupted;
		interrupted = is_trampoline(pc);
	}
	return n;
}

int harness_reference(uint64_t from, uint64_t *pcs, int max)
{
	return reference(from, 0, pcs, max);
}

int harness_interrupted(uint64_t *pcs, int max)
{
	return reference(0, 1, pcs, max);
}

static size_t print_pcs(char *out, size_t size, const char *title, const uint64_t *pcs, int n)
{
	size_t used = (size_t)snprintf(out, size, "\n%s:", title);

	for (int i = 0; i < n && used < size; i++) {
		Dl_info info = { 0 };

		dladdr((void *)(pcs[i] - 1), &info);
		used += (size_t)snprintf(out + used, size - used, "\n  %#lx %s", pcs[i],
					 info.dli_sname   ? info.dli_sname
					 : info.dli_fname ? info.dli_fname
							  : "");
	}
	return used < size ? used : size;
}

void harness_compare(const char *what, const uint64_t *got, int n_got, const uint64_t *want,
		     int n_want)
{
	size_t used;

	if (n_got == n_want && memcmp(got, want, (size_t)n_got * sizeof(*got)) == 0)
		return;
	if (complaint[0])
		return;
	used = (size_t)snprintf(complaint, sizeof(complaint), "%s: %s", running, what);
	used += print_pcs(complaint + used, sizeof(complaint) - used, "got", got, n_got);
	print_pcs(complaint + used, sizeof(complaint) - used, "want", want, n_want);
}

void harness_check(int ok, const char *what)
{
	if (!ok && !complaint[0])
		snprintf(complaint, sizeof(complaint), "%s: %s", running, what);
}

void harness_verdict(void)
{
	char text[sizeof(complaint)];

	memcpy(text, complaint, sizeof(text));
	complaint[0] = '\0';
	if (text[0])
		fail_msg("%s", text);
}
