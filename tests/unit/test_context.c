/*
 * Context ids: the same stack has the same id whether it is remembered or walked, other stacks have
 * other ids, ids are dense, and unloaded code and full tables do no harm.
 */
#include "preload/context.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "preload/modules.h"
#include "tests/unit/unwind/harness.h"

static struct unwind_cache *cache; /* for the walks that captures are compared with */
static struct context_table *table;
static unsigned long n_first, n_fast;

static struct context_table *new_table(uint32_t capacity)
{
	size_t size = context_arena_size(capacity);
	void *arena = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct context_table *ct;

	assert_ptr_not_equal(arena, MAP_FAILED);
	assert_int_equal(context_init(&ct, arena, size), 0);
	return ct;
}

static uint64_t fast_captures(void)
{
	struct context_stats stats;

	context_stats(table, &stats);
	return stats.fast;
}

/* The context of a capture must be what a walk finds, the second time as well as the first. */
static void capture_twice(struct unwind_start *start)
{
	struct unwind_stack stack = harness_stack();
	struct unwind_trace trace;
	const uint64_t *pcs;
	uint64_t fast = fast_captures();
	uint32_t n = 0, id;

	start->stack = &stack;
	unwind_walk(cache, start, &trace);
	id = context_capture(table, start);
	n_first++;
	n_fast += fast_captures() - fast;
	pcs = context_frames(table, id, &n);
	harness_check(id > 0 && id <= context_count(table) && pcs, "no context");
	harness_compare("context_capture()", pcs, (int)n, trace.pcs, (int)trace.n);
	harness_check(context_end(table, id) == trace.end, "another reason of the end");

	fast = fast_captures();
	harness_check(context_capture(table, start) == id, "another id for the same stack");
	harness_check(fast_captures() == fast + trace.memo, "remembered, or not, against the "
							    "trace");
}

/* The same words, but less of the stack may be read: another walk, so another context. */
static void capture_bounded(struct unwind_start *start)
{
	struct unwind_stack stack = harness_stack();
	struct unwind_trace trace;
	uint32_t whole, n = 0;

	start->stack = &stack;
	unwind_walk(cache, start, &trace);
	whole = context_capture(table, start);
	stack.hi = start->sp + trace.word[trace.n_words - 1];
	harness_check(context_capture(table, start) != whole, "the bounds were not compared");
	harness_check(context_frames(table, context_count(table), &n) && n == trace.n_words,
		      "the bounds were not respected");
}

static void compares_the_bounds(void **state)
{
	void *object = harness_open("stacks-O2.so");

	(void)state;
	table = new_table(1024);
	modules_rescan();
	harness_hook(capture_bounded);
	harness_run(object, "call of a function that does not return");
	harness_hook(NULL);
	harness_verdict();
}

static void capture_object(const char *name)
{
	void *object = harness_open(name);

	modules_rescan();
	harness_hook(capture_twice);
	assert_true(harness_run(object, NULL) > 100);
	harness_hook(NULL);
	harness_verdict();
}

static void check_all_different(void)
{
	uint32_t n_a, n_b;

	for (uint32_t a = 1; a <= context_count(table); a++) {
		const uint64_t *pcs = context_frames(table, a, &n_a);

		assert_non_null(pcs);
		for (uint32_t b = a + 1; b <= context_count(table); b++) {
			const uint64_t *other = context_frames(table, b, &n_b);

			assert_true(n_a != n_b || memcmp(pcs, other, n_a * sizeof(*pcs)) != 0);
		}
	}
	assert_null(context_frames(table, 0, &n_a));
	assert_null(context_frames(table, context_count(table) + 1, &n_a));
}

static void gives_one_id_to_one_stack(void **state)
{
	(void)state;
	table = new_table(16384);
	capture_object("stacks-O0.so");
	capture_object("stacks-O2.so");
	capture_object("stacks-fp.so");
	capture_object("stacks-cxx-O2.so");
	check_all_different();
}

/* What a program does again costs no walk: that is the point of the whole. */
static void remembers_walks(void **state)
{
	static const char *const names[] = {
		"plain calls",      "shallow recursion",      "alloca",
		"realigned frames", "arguments on the stack", "callbacks from libc",
	};
	void *c = harness_open("stacks-O2.so");
	void *cxx = harness_open("stacks-cxx-O2.so");

	(void)state;
	table = new_table(65536);
	modules_rescan();
	harness_hook(capture_twice);
	for (int round = 0; round < 2; round++) {
		n_first = n_fast = 0;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			harness_run(c, names[i]);
		harness_run(cxx, "C++ callbacks from templates");
	}
	harness_hook(NULL);
	harness_verdict();
	assert_true(n_first > 500);
	assert_true(n_fast > n_first * 9 / 10);
}

static uint32_t last_id;

static void capture_once(struct unwind_start *start)
{
	struct unwind_stack stack = harness_stack();

	start->stack = &stack;
	last_id = context_capture(table, start);
}

/* Threads that do the same have the same stacks: what one did is remembered for the next. */
static void *thread_body(void *object)
{
	int (*run)(void) = (int (*)(void))harness_symbol(object, "plugin_run");

	run();
	return NULL;
}

static void shares_contexts_between_threads(void **state)
{
	void *object = harness_open("plugin.so");
	uint64_t fast;
	uint32_t id = 0;
	pthread_t thread;

	(void)state;
	table = new_table(64);
	modules_rescan();
	harness_hook(capture_once);
	for (int i = 0; i < 3; i++) {
		fast = fast_captures();
		assert_int_equal(pthread_create(&thread, NULL, thread_body, object), 0);
		pthread_join(thread, NULL);
		assert_true(i == 0 || last_id == id);
		assert_int_equal(fast_captures() - fast, i > 0);
		id = last_id;
	}
	harness_hook(NULL);
	dlclose(object);
}

static uint32_t run_plugin(void)
{
	void *object = harness_open("plugin.so");

	thread_body(object);
	dlclose(object);
	modules_rescan();
	return last_id;
}

/* The loader maps it to the same place again; it could be another library all the same. */
static void gives_new_ids_to_reloaded_code(void **state)
{
	uint32_t ids[3], n[3];

	(void)state;
	table = new_table(1024);
	modules_rescan();
	harness_hook(capture_once);
	for (int i = 0; i < 3; i++)
		ids[i] = run_plugin();
	harness_hook(NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ids[i], i + 1);
		assert_non_null(context_frames(table, ids[i], &n[i]));
		assert_int_equal(n[i], n[0]);
	}
}

/* Contexts that have nothing to do with the library that went keep their ids. */
static void keeps_ids_when_other_code_goes(void **state)
{
	void *object = harness_open("stacks-O2.so");
	uint32_t id = 0, count = 0;

	(void)state;
	table = new_table(1024);
	modules_rescan();
	harness_hook(capture_once);
	for (int i = 0; i < 3; i++) {
		harness_run(object, "plain calls");
		assert_true(i == 0 || last_id == id);
		assert_true(i == 0 || context_count(table) == count + 1);
		id = last_id;
		count = context_count(table);
		run_plugin();
	}
	harness_hook(NULL);
}

/* Nobody announced the library: the capture itself finds out. */
static void finds_modules_that_came_unseen(void **state)
{
	void *object;
	uint32_t n = 0, known;

	(void)state;
	table = new_table(1024);
	modules_rescan();
	known = modules_count();
	object = harness_open("plugin.so");
	harness_hook(capture_once);
	thread_body(object);
	harness_hook(NULL);
	assert_int_equal(modules_count(), known + 1);
	assert_non_null(context_frames(table, last_id, &n));
	assert_true(n > 3);
	assert_int_equal(context_end(table, last_id), UNWIND_OUTERMOST);
	dlclose(object);
	modules_rescan();
}

static uint32_t n_single, n_none;

static void capture_overflowing(struct unwind_start *start)
{
	const uint64_t *pcs;
	uint32_t n = 0;

	capture_once(start);
	pcs = context_frames(table, last_id, &n);
	harness_check(last_id ? pcs[0] == start->pc : !pcs, "not the context of this call");
	n_single += n == 1;
	n_none += last_id == 0;
}

static void survives_a_full_table(void **state)
{
	void *object = harness_open("stacks-O0.so");
	void *more = harness_open("stacks-cxx-O0.so");
	struct context_stats stats;

	(void)state;
	table = new_table(64);
	modules_rescan();
	harness_hook(capture_overflowing);
	harness_run(object, NULL);
	harness_run(more, NULL);
	harness_hook(NULL);
	harness_verdict();
	context_stats(table, &stats);
	assert_int_equal(context_count(table), 64);
	assert_true(n_single > 0);
	assert_true(n_none > 0);
	assert_int_equal(stats.lost, n_none);
	assert_int_equal(stats.overflow, n_single + n_none);
	check_all_different();
}

static void refuses_bad_arenas(void **state)
{
	static char arena[4096] __attribute__((aligned(64)));
	struct context_table *ct;

	(void)state;
	assert_int_equal(context_init(&ct, arena, sizeof(arena)), -ENOSPC);
	assert_int_equal(context_init(&ct, arena + 8, sizeof(arena) - 8), -EINVAL);
}

static int setup(void **state)
{
	cache = aligned_alloc(64, (unwind_cache_size() + 63) & ~(size_t)63);
	if (!cache)
		return -1;
	memset(cache, 0, unwind_cache_size());
	return harness_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_one_id_to_one_stack),
		cmocka_unit_test(compares_the_bounds),
		cmocka_unit_test(remembers_walks),
		cmocka_unit_test(shares_contexts_between_threads),
		cmocka_unit_test(gives_new_ids_to_reloaded_code),
		cmocka_unit_test(keeps_ids_when_other_code_goes),
		cmocka_unit_test(finds_modules_that_came_unseen),
		cmocka_unit_test(survives_a_full_table),
		cmocka_unit_test(refuses_bad_arenas),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
