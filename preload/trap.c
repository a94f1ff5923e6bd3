/*
 * The trap layer: SIGSYS for system calls from the text of libc (and of OpenMP runtimes, which wait
 * on futexes of their own). Our own calls are inline in this library and never trapped. Of
 * sanitizer runtimes only the futex calls are: a report holds locks of theirs across calls of libc.
 *
 * The signal mask and SIGSYS itself need care: libc blocks all signals with an inline
 * rt_sigprocmask in pthread_create and posix_spawn, and a blocked SIGSYS kills. So that call is
 * trapped as well, and answered by editing the mask that the handler's return restores. seccomp(2),
 * signal(7).
 */
#include "preload/trap.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "preload/children.h"
#include "preload/decide.h"
#include "preload/foreign.h"
#include "preload/futex.h"
#include "preload/io.h"
#include "preload/log.h"
#include "preload/modules.h"
#include "preload/object.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/signals.h"
#include "preload/sleep.h"
#include "preload/tape.h"
#include "preload/thread_state.h"
#include "preload/trap_filter.h"

#define MOST_RANGES 16
#define MOST_INSTRUCTIONS 1024
#define KERNEL_SIGSET 8 /* bytes */
#define TRAPPED 1       /* si_code: SYS_SECCOMP of asm-generic/siginfo.h */
#define SYS_BIT (1ull << (SIGSYS - 1))

static bool active;
static bool controlling; /* a second lane exists: what blocks is an operation */
static struct trap_range ranges[MOST_RANGES];
static uint32_t range_count;

/* Libraries whose text is in scope. */
static const char *const in_scope[] = { "libc.so.6", "libgomp.so", "libomp.so", "libiomp5.so" };

/* Libraries of which only the futex calls are. */
static const char *const locks_in_scope[] = {
	"libasan.so", "libhwasan.so", "liblsan.so", "libtsan.so", "libubsan.so", "libclang_rt.",
};

/* rt_sigprocmask(2) on the mask that the return from the handler will restore. */
static long change_mask(ucontext_t *context, const long a[6])
{
	uint64_t *mask = (uint64_t *)&context->uc_sigmask;
	uint64_t old = *mask, set;

	if (a[3] != KERNEL_SIGSET)
		return -EINVAL;
	if (a[1]) {
		memcpy(&set, (const void *)a[1], KERNEL_SIGSET);
		switch (a[0]) {
		case SIG_BLOCK:
			*mask |= set;
			break;
		case SIG_UNBLOCK:
			*mask &= ~set;
			break;
		case SIG_SETMASK:
			*mask = set;
			break;
		default:
			return -EINVAL;
		}
		*mask &= ~SYS_BIT;
	}
	if (a[2])
		memcpy((void *)a[2], &old, KERNEL_SIGSET);
	return 0;
}

static long controlled(struct lane *me, long number, long a[6], ucontext_t *context)
{
	struct unwind_start start = unwind_interrupted(context, &me->stack);
	uint32_t stack = runtime_context(&start);

	switch (number) {
	case SYS_futex:
		return futex_operation(me, (uint32_t *)a[0], (int)a[1], (uint32_t)a[2],
				       (const struct timespec *)a[3], (uint32_t *)a[4],
				       (uint32_t)a[5], stack);
	case SYS_nanosleep:
		return sleep_operation(me, CLOCK_REALTIME, 0, (const struct timespec *)a[0],
				       (struct timespec *)a[1], stack);
	case SYS_clock_nanosleep:
		return sleep_operation(me, (clockid_t)a[0], (int)a[1],
				       (const struct timespec *)a[2], (struct timespec *)a[3],
				       stack);
	default:
		return io_call(me, number, a, stack);
	}
}

static bool is_controlled(long number, const long a[6])
{
	if (number == SYS_fcntl)
		return a[1] == F_SETLKW || a[1] == F_OFD_SETLKW;
	return io_knows(number) || number == SYS_futex || number == SYS_nanosleep ||
	       number == SYS_clock_nanosleep;
}

static bool wakes_waiters(long operation)
{
	return (operation & FUTEX_CMD_MASK) == FUTEX_WAKE ||
	       (operation & FUTEX_CMD_MASK) == FUTEX_WAKE_BITSET;
}

/*
 * A wake of a sanitizer runtime that no lane waits for. The thread with which it stops the others
 * to look for leaks may or may not wait already: not a thing of the schedule.
 */
static bool wakes_no_lane(uint64_t address, const long a[6])
{
	const struct object *object;
	uint32_t i;

	if (!wakes_waiters(a[1]))
		return false;
	for (i = 0; i < range_count; i++)
		if (address >= ranges[i].start && address < ranges[i].end)
			break;
	if (i == range_count || !ranges[i].locks_only)
		return false;
	object = object_peek((void *)a[0], OBJECT_FUTEX);
	for (i = 0; object && i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].state == LANE_BLOCKED &&
		    lanes[i].wait_object == object)
			return false;
	return true;
}

/* The kernel's own structure: libc's sigaction would add its own flags, and is trapped. */
struct kernel_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* A thread that is no lane: no handler of its program may run with SIGSYS blocked. */
static long pass_on(long number, const long given[6])
{
	long a[6] = { given[0], given[1], given[2], given[3], given[4], given[5] };
	struct kernel_action action;
	struct {
		const uint64_t *mask;
		size_t size;
	} pair; /* pselect6(2) */
	uint64_t mask;
	long *where = number == SYS_rt_sigsuspend                               ? &a[0]
		      : number == SYS_ppoll                                     ? &a[3]
		      : number == SYS_epoll_pwait || number == SYS_epoll_pwait2 ? &a[4]
										: NULL;

	if (number == SYS_rt_sigaction && a[1]) {
		action = *(const struct kernel_action *)a[1];
		action.mask &= ~SYS_BIT;
		a[1] = (long)&action;
	} else if (number == SYS_pselect6 && a[5]) {
		memcpy(&pair, (const void *)a[5], sizeof pair);
		mask = pair.mask ? *pair.mask & ~SYS_BIT : 0;
		pair.mask = pair.mask ? &mask : NULL;
		a[5] = (long)&pair;
	} else if (where && *where) {
		mask = *(const uint64_t *)*where & ~SYS_BIT;
		*where = (long)&mask;
	}
	return raw_syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void count_trapped(long number)
{
	region->process[process_index].trapped++;
	if (number >= 0 && number < (long)REGION_CALLS)
		region->trapped[number]++;
}

static void on_trap(int signal, siginfo_t *info, void *context_)
{
	ucontext_t *context = context_;
	greg_t *registers = context->uc_mcontext.gregs;
	long number = info->si_syscall, result;
	long a[6] = { registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
		      registers[REG_R10], registers[REG_R8],  registers[REG_R9] };
	struct lane *me = thread_state.lane;

	(void)signal;
	if (info->si_code != TRAPPED) {
		signals_sigsys(info, context_);
		return;
	}
	if (number == SYS_rt_sigprocmask) {
		result = change_mask(context, a);
	} else if (number == SYS_clone3) {
		result = -ENOSYS; /* a child could not return from here */
	} else if (number == SYS_rt_sigaction && a[0] == SIGSYS) {
		result = 0; /* ours; whatever the program wants of it */
	} else if (!me || schedule.current != me || raw(SYS_gettid) != me->tid) {
		/* not a lane, or the child of a vfork in its place */
		if (!me && !children_recorded)
			tape_foreign_call(number);
		if (!children_recorded || me || !children_call(number, a, &result))
			result = pass_on(number, a);
		if (!me && number == SYS_futex && wakes_waiters(a[1]))
			foreign_wake((void *)a[0], OBJECT_FUTEX, (uint32_t)a[2]);
	} else if (controlling && !thread_state.inside && is_controlled(number, a) &&
		   (number != SYS_futex || !wakes_no_lane((uint64_t)registers[REG_RIP], a))) {
		thread_state.inside = 1;
		count_trapped(number);
		result = controlled(me, number, a, context);
		thread_leave(me);
	} else if (tape_knows(number)) {
		uint32_t inside = thread_state.inside;

		thread_state.inside = 1;
		count_trapped(number);
		result = tape_call(0, number, a);
		thread_state.inside = inside;
	} else {
		result = raw_syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	registers[REG_RAX] = result;
}

static bool ends_with_library(const char *path, const char *name)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return strncmp(base, name, strlen(name)) == 0;
}

static bool is_library_of(const struct module *module, const char *const *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ends_with_library(module->path, names[i]))
			return true;
	return false;
}

static bool holds(const struct module *module, const void *address)
{
	size_t i;

	for (i = 0; i < module->n_segments; i++)
		if ((uint64_t)address - module->segments[i].start <
		    module->segments[i].end - module->segments[i].start)
			return true;
	return false;
}

static void find_ranges(void)
{
	/* In a program that was linked with a static sanitizer runtime (clang's way). */
	const void *sanitizer = dlsym(RTLD_DEFAULT, "__sanitizer_print_stack_trace");
	const struct module *module;
	uint32_t i;
	bool all, locks;
	size_t k;

	for (i = 0; i < modules_count(); i++) {
		module = modules_get(i);
		all = is_library_of(module, in_scope, sizeof in_scope / sizeof *in_scope);
		locks = is_library_of(module, locks_in_scope,
				      sizeof locks_in_scope / sizeof *locks_in_scope) ||
			(sanitizer && holds(module, sanitizer));
		for (k = 0; (all || locks) && k < module->n_segments; k++) {
			struct trap_range range = { module->segments[k].start,
						    module->segments[k].end, !all };

			if (!module->segments[k].exec || range_count == MOST_RANGES ||
			    range.start >> 32 != (range.end - 1) >> 32)
				continue;
			ranges[range_count++] = range;
		}
	}
}

#define SA_RESTORER 0x04000000

void trap_restorer(void);
__asm__(".text\n"
	".globl trap_restorer\n"
	".hidden trap_restorer\n"
	"trap_restorer:\n"
	"	mov $15, %eax\n"
	"	syscall\n");

static long install_handler(void)
{
	struct kernel_action action = {
		.handler = on_trap,
		.flags = SA_SIGINFO | SA_NODEFER | SA_RESTART | SA_RESTORER,
		.restorer = trap_restorer,
	};
	uint64_t unblock = SYS_BIT;

	raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &unblock, 0, KERNEL_SIGSET);
	return raw(SYS_rt_sigaction, SIGSYS, &action, 0, KERNEL_SIGSET);
}

static long install(enum plan_type section)
{
	static struct sock_filter scoped[MOST_INSTRUCTIONS];
	struct sock_fprog program = { .filter = scoped };
	const struct sock_filter *given;
	uint32_t length, count;
	long result;

	given = decide_section(section, &length);
	if (!given)
		return 0;
	modules_rescan();
	find_ranges();
	count = trap_filter_scope(given, length / sizeof *given, ranges, range_count, scoped,
				  MOST_INSTRUCTIONS);
	if (!count)
		return -EINVAL;
	program.len = (unsigned short)count;
	result = install_handler();
	if (result == 0)
		result = raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (result == 0)
		result = raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	active = result == 0;
	return result;
}

void trap_start(struct lane *me, bool control)
{
	static bool tried;

	controlling = controlling || control;
	if (tried)
		return;
	tried = true;
	if (install(PLAN_FILTER) == 0)
		return;
	log_note(NOTE_UNCONTROLLED, me->number,
		 "the system call filter was refused: blocking inside libc is not covered");
	tape_needs_outside(me, "what libc reads by itself could not be recorded");
}

void trap_start_child(void)
{
	install(PLAN_CHILD_FILTER);
}

bool trap_active(void)
{
	return active;
}
