/*
 * Walks from a full register set: at every single instruction of the scenarios (single-stepped, so
 * prologues, epilogues, PLT stubs and the lazy binder of ld.so are among them), and after crashes.
 */
#include "preload/unwind.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "preload/modules.h"
#include "tests/unit/unwind/harness.h"

enum { TRAP_FLAG = 0x100, ALTERNATE = 1 << 17 };

static struct unwind_cache *cache;
static unsigned long n_steps;

/* The interrupted frame by all three: backtrace(3), the crash walk, the cached walk. */
static void compare_interrupted(const ucontext_t *uc)
{
	struct unwind_stack stack = harness_stack();
	uint64_t want[HARNESS_FRAMES], got[HARNESS_FRAMES];
	int n_want = harness_interrupted(want, HARNESS_FRAMES);
	int n_got = unwind_from_ucontext(uc, &stack, got, HARNESS_FRAMES);
	struct unwind_start start = unwind_interrupted(uc, &stack);
	struct unwind_trace trace;

	harness_compare("unwind_from_ucontext()", got, n_got, want, n_want);

	/* It knows rsp and rbp only, so it may end early, where another register is needed. */
	unwind_walk(cache, &start, &trace);
	if (trace.end == UNWIND_BAD_CFI && (int)trace.n < n_want)
		n_want = (int)trace.n;
	harness_compare("unwind_walk()", trace.pcs, (int)trace.n, want,
			n_want < UNWIND_MAX ? n_want : UNWIND_MAX);
}

static void on_step(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)info;
	n_steps++;
	compare_interrupted(uc);
}

static void set_trap_flag(int on)
{
	if (on)
		__asm__ volatile("pushfq; orq %0, (%%rsp); popfq"
				 :
				 : "i"(TRAP_FLAG)
				 : "cc", "memory");
	else
		__asm__ volatile("pushfq; andq %0, (%%rsp); popfq"
				 :
				 : "i"(~TRAP_FLAG)
				 : "cc", "memory");
}

static void step_through(const char *object_name, const char *scenario)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction old;
	void *object = harness_open(object_name);

	modules_rescan();
	action.sa_sigaction = on_step;
	assert_int_equal(sigaction(SIGTRAP, &action, &old), 0);
	n_steps = 0;
	set_trap_flag(1);
	harness_run(object, scenario);
	set_trap_flag(0);
	sigaction(SIGTRAP, &old, NULL);
	assert_true(n_steps > 100);
	harness_verdict();
}

static void walks_from_every_instruction_optimised(void **state)
{
	(void)state;
	step_through("stacks-O2.so", "plain calls");
	step_through("stacks-O2.so", "alloca");
	step_through("stacks-O2.so", "callbacks from libc");
	step_through("stacks-O2.so", "arguments on the stack");
	step_through("stacks-O2.so", "call of a function that does not return");
}

static void walks_from_every_instruction_unoptimised(void **state)
{
	(void)state;
	step_through("stacks-O0.so", "plain calls");
	step_through("stacks-O0.so", "shallow recursion");
	step_through("stacks-fp.so", "callbacks from libc");
}

/*
 * Not those with alloca: in their epilogues gcc 12 says that rbp is saved where it no longer
 * is, and backtrace(3) crashes on that.
 */
static void walks_from_every_instruction_realigned(void **state)
{
	(void)state;
	step_through("stacks-O0.so", "realigned frames");
	step_through("stacks-O2.so", "realigned frames");
}

static void walks_from_every_instruction_cxx(void **state)
{
	(void)state;
	step_through("stacks-cxx-O2.so", "C++ virtual calls and destructors");
}

/* What the fault handler saw, and the way back. */
static sigjmp_buf escape;
static uint64_t crash_pcs[HARNESS_FRAMES];
static int n_crash;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
	struct unwind_stack stack = harness_stack();

	(void)sig;
	(void)info;
	n_crash = unwind_from_ucontext(uc, &stack, crash_pcs, HARNESS_FRAMES);
	siglongjmp(escape, 1);
}

static void on_fault_compare(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)info;
	compare_interrupted(uc);
	siglongjmp(escape, 1);
}

static void crash(void (*function)(void *), void *arg, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction old_segv, old_bus;

	modules_rescan();
	n_crash = 0;
	sigaction(SIGSEGV, &action, &old_segv);
	sigaction(SIGBUS, &action, &old_bus);
	if (sigsetjmp(escape, 1) == 0)
		function(arg);
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGBUS, &old_bus, NULL);
}

static __attribute__((noinline)) void store(void *address)
{
	*(volatile int *)address = 1;
}

static __attribute__((noinline)) void store_deeper(void *address)
{
	store(address);
	__asm__ volatile("" : : : "memory");
}

static void walks_from_a_fault(void **state)
{
	(void)state;
	crash(store_deeper, (void *)8, on_fault_compare);
	harness_verdict();
}

static uint64_t true_stack[HARNESS_FRAMES];
static int n_true;

static __attribute__((noinline)) void note_caller(uint64_t from)
{
	n_true = harness_reference(from, true_stack, HARNESS_FRAMES);
}

static __attribute__((noinline)) void wild_call(void *address)
{
	note_caller((uint64_t)__builtin_return_address(0));
	((void (*)(void))address)();
	__asm__ volatile("" : : : "memory");
}

/* The pc is in no code at all; its caller is on top of the stack. */
static void walks_from_a_call_of_a_bad_pointer(void **state)
{
	(void)state;
	crash(wild_call, NULL, on_fault);
	assert_true(n_crash > 3);
	assert_int_equal(crash_pcs[0], 1);
	harness_compare("callers", crash_pcs + 2, n_crash - 2, true_stack, n_true);
	harness_verdict();

	crash(wild_call, &true_stack[0], on_fault); /* readable, but no code: rbp decides */
	assert_true(n_crash >= 1);
	assert_int_equal(crash_pcs[0], (uint64_t)&true_stack[0] + 1);
}

static int *volatile nowhere = (int *)8;

static __attribute__((noinline)) void store_nowhere(void)
{
	*nowhere = 1;
}

static void call_from_r10(void *function)
{
	((void (*)(void (*)(void)))function)(store_nowhere);
	__asm__ volatile("" : : : "memory");
}

/* What a call may have changed is not believed, whatever the CFI says. */
static void does_not_believe_clobbered_registers(void **state)
{
	void *object = harness_open("cfi.so");
	uint64_t function = (uint64_t)harness_symbol(object, "cfi_in_r10");

	(void)state;
	crash(call_from_r10, (void *)function, on_fault);
	assert_int_equal(n_crash, 2);
	assert_in_range(crash_pcs[0] - (uint64_t)store_nowhere, 1, 64);
	assert_in_range(crash_pcs[1] - function, 1, 64);
}

static __attribute__((noinline)) uint64_t overflow(volatile uint64_t *above)
{
	volatile uint64_t here[8] = { *above };

	if (*above != UINT64_MAX) /* always */
		here[1] = overflow(here) + 1;
	return here[0] + here[1];
}

static void overflow_stack(void *zero)
{
	uint64_t above = (uint64_t)zero;

	overflow(&above);
}

/* The handler runs on its own stack; the walk starts where the stack is not mapped any more. */
static void *overflow_thread(void *unused)
{
	stack_t alternate = { .ss_sp = malloc(ALTERNATE), .ss_size = ALTERNATE };
	stack_t none = { .ss_flags = SS_DISABLE };

	sigaltstack(&alternate, NULL);
	crash(overflow_stack, unused, on_fault);
	sigaltstack(&none, NULL);
	free(alternate.ss_sp);
	return NULL;
}

static void walks_from_a_stack_overflow(void **state)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 17);
	assert_int_equal(pthread_create(&thread, &attr, overflow_thread, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(n_crash, HARNESS_FRAMES);
	for (int i = 2; i < n_crash; i++)
		assert_int_equal(crash_pcs[i], crash_pcs[1]);
	assert_in_range(crash_pcs[1] - (uint64_t)overflow, 1, 512);
}

/* A stack pointer that points nowhere, and one into a page that ends at a hole. */
static void survives_a_broken_stack(void **state)
{
	uint8_t *pages =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct unwind_stack stack = harness_stack();
	uint64_t pcs[HARNESS_FRAMES];
	ucontext_t uc;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	munmap(pages + 4096, 4096);
	modules_rescan();
	getcontext(&uc);
	assert_true(unwind_from_ucontext(&uc, &stack, pcs, HARNESS_FRAMES) > 1);
	for (int at = 4096 - 64; at <= 4096 + 64; at++) {
		uc.uc_mcontext.gregs[REG_RSP] = (greg_t)(pages + at);
		uc.uc_mcontext.gregs[REG_RBP] = (greg_t)(pages + at);
		assert_int_equal(unwind_from_ucontext(&uc, &stack, pcs, HARNESS_FRAMES), 1);
	}
	for (int shift = 0; shift < 64; shift++) {
		uc.uc_mcontext.gregs[REG_RSP] = (greg_t)(UINT64_MAX >> shift & ~UINT64_C(7));
		uc.uc_mcontext.gregs[REG_RBP] = uc.uc_mcontext.gregs[REG_RSP];
		assert_int_equal(unwind_from_ucontext(&uc, &stack, pcs, HARNESS_FRAMES), 1);
	}
	munmap(pages, 4096);
}

static int setup(void **state)
{
	static uint8_t alternate_stack[ALTERNATE] __attribute__((aligned(16)));
	stack_t alternate = { .ss_sp = alternate_stack, .ss_size = sizeof(alternate_stack) };

	cache = aligned_alloc(64, (unwind_cache_size() + 63) & ~(size_t)63);
	if (!cache || sigaltstack(&alternate, NULL) != 0)
		return -1;
	memset(cache, 0, unwind_cache_size());
	return harness_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_from_every_instruction_optimised),
		cmocka_unit_test(walks_from_every_instruction_unoptimised),
		cmocka_unit_test(walks_from_every_instruction_realigned),
		cmocka_unit_test(walks_from_every_instruction_cxx),
		cmocka_unit_test(walks_from_a_fault),
		cmocka_unit_test(walks_from_a_call_of_a_bad_pointer),
		cmocka_unit_test(does_not_believe_clobbered_registers),
		cmocka_unit_test(walks_from_a_stack_overflow),
		cmocka_unit_test(survives_a_broken_stack),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
