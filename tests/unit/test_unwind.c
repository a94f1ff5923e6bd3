/*
 * Walks from interposed functions: every stack of every scenario, as compiled in several ways, is
 * compared with backtrace(3). Also stacks through code without call frame information, which
 * backtrace(3) cannot see through. Crashes and interrupted code: test_unwind_async.c.
 */
#include "preload/unwind.h"

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

static struct unwind_cache *cache;
static struct unwind_trace last;

static void compare_walk(struct unwind_start *start)
{
	struct unwind_stack stack = harness_stack();
	uint64_t want[HARNESS_FRAMES];
	int n_want = harness_reference(start->pc, want, HARNESS_FRAMES);
	struct unwind_trace trace;

	start->stack = &stack;
	unwind_walk(cache, start, &trace);
	harness_check(n_want > 0, "backtrace(3) did not find the caller");
	harness_check(trace.end == (n_want < UNWIND_MAX ? UNWIND_OUTERMOST : UNWIND_DEPTH) ||
			      n_want == UNWIND_MAX,
		      "the walk ended for another reason");
	harness_compare("unwind_walk()", trace.pcs, (int)trace.n, want,
			n_want < UNWIND_MAX ? n_want : UNWIND_MAX);

	harness_check(!trace.memo || unwind_holds(&trace, start), "the trace does not hold");
	last = trace;
	unwind_walk(cache, start, &trace);
	harness_check(trace.n == last.n && trace.end == last.end && trace.memo == last.memo &&
			      memcmp(trace.pcs, last.pcs, trace.n * sizeof(trace.pcs[0])) == 0,
		      "a second walk differs");
}

static void compare_object(const char *name)
{
	void *object = harness_open(name);

	modules_rescan();
	harness_hook(compare_walk);
	assert_true(harness_run(object, NULL) > 100);
	harness_hook(NULL);
	harness_verdict();
}

static void walks_unoptimised_code(void **state)
{
	(void)state;
	compare_object("stacks-O0.so");
}

static void walks_optimised_code(void **state)
{
	(void)state;
	compare_object("stacks-O2.so");
}

static void walks_code_with_frame_pointers(void **state)
{
	(void)state;
	compare_object("stacks-fp.so");
}

static void walks_vectorised_code_without_frame_pointers(void **state)
{
	(void)state;
	if (!__builtin_cpu_supports("avx2"))
		skip();
	compare_object("stacks-nofp.so");
}

static void walks_cxx(void **state)
{
	(void)state;
	compare_object("stacks-cxx-O0.so");
	compare_object("stacks-cxx-O2.so");
}

/* Every walk but those through signal frames can be remembered. */
static void check_memo(struct unwind_start *start)
{
	compare_walk(start);
	harness_check(last.memo, "the walk cannot be remembered");
	harness_check(!last.guessed, "the walk guessed");
}

static void ordinary_walks_can_be_remembered(void **state)
{
	static const char *const names[] = {
		"plain calls",
		"deep recursion",
		"alloca",
		"thread",
		"callbacks from libc",
		"realigned frames",
		"realigned frames with alloca",
	};
	void *object = harness_open("stacks-O2.so");
	void *unoptimised = harness_open("stacks-O0.so");

	(void)state;
	modules_rescan();
	harness_hook(check_memo);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		harness_run(object, names[i]);
		harness_run(unoptimised, names[i]);
	}
	harness_hook(NULL);
	harness_verdict();
}

static void walk_only(struct unwind_start *start)
{
	struct unwind_stack stack = harness_stack();

	start->stack = &stack;
	unwind_walk(cache, start, &last);
}

/*
 * The outer function can only be left by the rbx it had: an inner one that saved it is asked. If
 * none did, it is still in the register, which nobody has noted: the walk ends and says why.
 */
static void finds_registers_that_inner_frames_saved(void **state)
{
	void *object = harness_open("cfi.so");
	void (*outer_function)(void *, void (*)(void)) =
		(void (*)(void *, void (*)(void)))harness_symbol(object, "cfi_in_rbx");

	(void)state;
	modules_rescan();
	harness_hook(compare_walk);
	outer_function(harness_symbol(object, "cfi_saves_rbx"), harness_capture());
	harness_verdict();
	assert_int_equal(last.end, UNWIND_OUTERMOST);

	harness_hook(walk_only);
	outer_function(harness_symbol(object, "cfi_keeps_rbx"), harness_capture());
	harness_hook(NULL);
	assert_int_equal(last.end, UNWIND_BAD_CFI);
	assert_int_equal(last.n, 2);
}

/* The true stack from the test function on: n_inner frames of it are in code without CFI. */
static uint64_t outer[HARNESS_FRAMES];
static int n_outer;

static __attribute__((noinline)) void note_outer(void)
{
	n_outer = harness_reference((uint64_t)__builtin_return_address(0), outer, HARNESS_FRAMES);
}

/*
 * The walk has `inner` frames, then one in the test function (another call of it than the one noted
 * in outer[0]), then the rest of the true stack.
 */
static void expect_outer(int inner)
{
	assert_true(last.n >= 3);
	harness_compare("outer frames", last.pcs + inner + 1, (int)last.n - inner - 1, outer + 1,
			n_outer - 1);
	harness_verdict();
	assert_int_equal(last.end, UNWIND_OUTERMOST);
}

static __attribute__((noinline, optimize("no-omit-frame-pointer"))) int call_framed(
	int (*framed)(void (*)(void)))
{
	note_outer();
	return framed(harness_capture()) + 1;
}

static void steps_over_framed_code_without_cfi(void **state)
{
	void *object = harness_open("nocfi.so");

	(void)state;
	modules_rescan();
	harness_hook(walk_only);
	assert_int_equal(call_framed(harness_symbol(object, "nocfi_framed")), 2);
	harness_hook(NULL);
	expect_outer(1);
	assert_true(last.memo);
	assert_false(last.guessed);
}

/* The frame pointer is an outer function's: frames may be missed, none may be invented. */
static void does_not_invent_frames(void **state)
{
	void *object = harness_open("nocfi.so");

	(void)state;
	modules_rescan();
	harness_hook(walk_only);
	assert_int_equal(call_framed(harness_symbol(object, "nocfi_bare")), 2);
	harness_hook(NULL);
	assert_in_range(last.n, 1, n_outer + 1);
	for (uint32_t i = 1; i < last.n; i++)
		assert_int_equal(last.pcs[last.n - i], outer[n_outer - (int)i]);
}

struct jit {
	uint8_t calls_rsi[16], calls_rdi[16];
};

static struct jit *make_jit(void)
{
	/* push rbp; mov rbp, rsp; call rsi (or rdi); pop rbp; ret */
	static const struct jit code = {
		{ 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd6, 0x5d, 0xc3 },
		{ 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 },
	};
	struct jit *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	*page = code;
	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
	return page;
}

static __attribute__((noinline, optimize("no-omit-frame-pointer"))) int call_jit(struct jit *jit)
{
	void (*enter)(void (*)(void), void *) = (void (*)(void (*)(void), void *))jit->calls_rsi;

	note_outer();
	enter(harness_capture(), jit->calls_rdi);
	return n_outer;
}

static void follows_frame_pointers_through_jit_code(void **state)
{
	struct jit *jit = make_jit();

	(void)state;
	harness_hook(walk_only);
	assert_true(call_jit(jit) > 0);
	harness_hook(NULL);
	assert_ptr_equal(last.pcs[0], jit->calls_rdi + 6);
	assert_ptr_equal(last.pcs[1], jit->calls_rsi + 6);
	expect_outer(2);
	assert_true(last.guessed);
	munmap(jit, 4096);
}

/* Reads stop at the end of the stack that the caller names, wherever the frames are. */
static void check_bounds(struct unwind_start *start)
{
	struct unwind_stack stack = harness_stack();
	struct unwind_trace whole, part;

	start->stack = &stack;
	unwind_walk(cache, start, &whole);
	for (uint32_t i = 0; i < whole.n_words && i + 1 < whole.n; i++) {
		stack.hi = start->sp + whole.word[i];
		unwind_walk(cache, start, &part);
		harness_check(part.n == i + 1 && part.end == UNWIND_BOUNDS, "a walk crossed the "
									    "bounds");
	}
}

static void respects_the_bounds(void **state)
{
	void *object = harness_open("stacks-O2.so");
	void *unoptimised = harness_open("stacks-O0.so");

	(void)state;
	modules_rescan();
	harness_hook(check_bounds);
	harness_run(object, "plain calls");
	harness_run(unoptimised, "shallow recursion");
	harness_hook(NULL);
	harness_verdict();
}

/* A trace holds only while each of its words is what it was. */
static void check_words(struct unwind_start *start)
{
	struct unwind_stack stack = harness_stack();
	struct unwind_start other = *start;
	struct unwind_trace trace;

	start->stack = other.stack = &stack;
	unwind_walk(cache, start, &trace);
	for (int i = 0; i < trace.n_words; i++) {
		uint64_t *word = (uint64_t *)(start->sp + trace.word[i]);
		uint64_t was = *word;

		__atomic_store_n(word, was + 1, __ATOMIC_RELAXED);
		harness_check(!unwind_holds(&trace, start), "a return address was not compared");
		__atomic_store_n(word, was, __ATOMIC_RELAXED);
	}
	for (int i = 0; i < trace.n_links; i++) {
		uint64_t *word = (uint64_t *)(start->sp + trace.link[i].at);
		uint64_t was = *word;

		__atomic_store_n(word, was + 16, __ATOMIC_RELAXED);
		harness_check(!unwind_holds(&trace, start), "a link was not compared");
		__atomic_store_n(word, was, __ATOMIC_RELAXED);
	}
	other.bp += 16;
	harness_check(trace.uses_bp != unwind_holds(&trace, &other), "rbp was not compared");
}

static void a_trace_holds_only_for_its_stack(void **state)
{
	void *object = harness_open("stacks-O0.so");

	(void)state;
	modules_rescan();
	harness_hook(check_words);
	harness_run(object, "plain calls");
	harness_run(object, "realigned frames");
	harness_run(object, "realigned frames with alloca");
	harness_hook(NULL);
	harness_verdict();
}

/* A run notes what it had to find out, and the server's cache then has it for those behind. */
static void what_was_noted_is_learnt(void **state)
{
	static struct unwind_notes notes;
	void *object = harness_open("stacks-O2.so");
	uint64_t cold;

	(void)state;
	modules_rescan();
	memset(cache, 0, unwind_cache_size());
	unwind_notes = &notes;
	harness_hook(compare_walk);
	harness_run(object, "plain calls");
	cold = notes.count;
	assert_true(cold > 4);

	memset(cache, 0, unwind_cache_size());
	notes.pcs[notes.count++] = 1; /* in no module */
	assert_int_equal(unwind_learn(cache, 0), cold + 1);
	assert_int_equal(notes.count, cold + 1);
	harness_run(object, "plain calls");
	/* Where this is called from is new, and by their addresses some may be in the way. */
	assert_true(notes.count - (cold + 1) < cold);

	notes.count = UINT64_MAX;
	assert_int_equal(unwind_learn(cache, 0), UNWIND_NOTES);
	unwind_notes = NULL;
	harness_hook(NULL);
	harness_verdict();
}

static int setup(void **state)
{
	static uint8_t alternate_stack[1 << 16] __attribute__((aligned(16)));
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
		cmocka_unit_test(walks_unoptimised_code),
		cmocka_unit_test(walks_optimised_code),
		cmocka_unit_test(walks_code_with_frame_pointers),
		cmocka_unit_test(walks_vectorised_code_without_frame_pointers),
		cmocka_unit_test(walks_cxx),
		cmocka_unit_test(ordinary_walks_can_be_remembered),
		cmocka_unit_test(finds_registers_that_inner_frames_saved),
		cmocka_unit_test(steps_over_framed_code_without_cfi),
		cmocka_unit_test(does_not_invent_frames),
		cmocka_unit_test(follows_frame_pointers_through_jit_code),
		cmocka_unit_test(respects_the_bounds),
		cmocka_unit_test(a_trace_holds_only_for_its_stack),
		cmocka_unit_test(what_was_noted_is_learnt),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
