/*
 * Cost of a captured call stack at several depths: remembered, walked with warm rules, walked with
 * no rule compiled, and by backtrace(3). Prints one JSON object for each depth; the least of many
 * rounds, in nanoseconds. Not a test: nothing here fails because it is slow.
 *
 *	bench_unwind
 */
#include <execinfo.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "preload/context.h"
#include "preload/modules.h"
#include "preload/unwind.h"

enum { ROUNDS = 60, CALLS = 20000 };

static struct context_table *table;
static struct unwind_cache *cache;
static struct unwind_stack stack;
static volatile uint64_t sink;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void keep_least(double *least, double begun, int calls)
{
	double each = (now() - begun) / calls;

	if (*least == 0 || each < *least)
		*least = each;
}

/* Stands for an interposed function. */
static __attribute__((noinline, optimize("no-omit-frame-pointer"))) void measure(void)
{
	struct unwind_start start = unwind_here(&stack);
	double remembered = 0, warm = 0, cold = 0, reference = 0, begun;
	struct unwind_trace trace;
	void *pcs[UNWIND_MAX];

	for (int round = 0; round < ROUNDS; round++) {
		memset(cache, 0, unwind_cache_size());
		begun = now();
		unwind_walk(cache, &start, &trace);
		keep_least(&cold, begun, 1);

		begun = now();
		for (int i = 0; i < CALLS; i++)
			sink += context_capture(table, &start);
		keep_least(&remembered, begun, CALLS);

		begun = now();
		for (int i = 0; i < CALLS; i++) {
			unwind_walk(cache, &start, &trace);
			sink += trace.n;
		}
		keep_least(&warm, begun, CALLS);

		begun = now();
		sink += (uint64_t)backtrace(pcs, UNWIND_MAX);
		keep_least(&reference, begun, 1);
	}
	printf("{\"frames\": %" PRIu32 ", \"words\": %d, \"remembered_ns\": %.1f, \"warm_ns\": "
	       "%.1f, "
	       "\"cold_ns\": %.0f, \"backtrace_ns\": %.0f}\n",
	       trace.n, trace.n_words + trace.n_links, remembered, warm, cold, reference);
}

static __attribute__((noinline)) int descend(int n)
{
	if (n)
		descend(n - 1);
	else
		measure();
	__asm__ volatile("" : : : "memory");
	return n;
}

static void *zeroed(size_t size)
{
	size_t whole = (size + 63) & ~(size_t)63;
	void *p = aligned_alloc(64, whole);

	if (!p)
		abort();
	return memset(p, 0, whole);
}

int main(void)
{
	size_t size = context_arena_size(CONTEXT_CAPACITY);

	if (context_init(&table, zeroed(size), size) != 0)
		return 1;
	cache = zeroed(unwind_cache_size());
	unwind_stack_main(&stack, 8 << 20);
	modules_rescan();
	for (int depth = 0; depth <= 12; depth += 4)
		descend(depth);
	return 0;
}
