/*
 * What the tests of stack capture share: the objects whose stacks are walked, the bounds of
 * the current stack, and the reference, which is backtrace(3) (libgcc's unwinder,
 * independent code).
 *
 * Checks run in threads and signal handlers where a cmocka assertion may not fail, so the first
 * complaint is kept, and harness_verdict() asserts it in the test itself.
 */
#ifndef FRONTRUN_TESTS_UNIT_UNWIND_HARNESS_H
#define FRONTRUN_TESTS_UNIT_UNWIND_HARNESS_H

#include <stdint.h>

#include "preload/unwind.h"
#include "tests/unit/unwind/capture.h"

enum { HARNESS_FRAMES = 64 };

/* Load libcapture.so and warm up backtrace(3); a cmocka group setup. */
int harness_setup(void **state);

/* dlopen one of the objects beside this program; fails the test if it cannot. */
void *harness_open(const char *name);
void *harness_symbol(void *object, const char *name);

/* What capture() calls from now on; NULL = nothing. */
void harness_hook(void (*hook)(struct unwind_start *start));

/* capture() itself, for code that calls it by pointer. */
void (*harness_capture(void))(void);

/* Run one scenario of an object, or all if name is NULL; returns how many captures there were. */
unsigned long harness_run(void *object, const char *name);

/* Bounds of the calling thread, with its alternate stack. */
struct unwind_stack harness_stack(void);

/*
 * The stack outside this call by backtrace(3): frames after the first one whose pc is `from`
 * (included). Program counters as unwind.h keeps them. Returns the number of frames.
 */
int harness_reference(uint64_t from, uint64_t *pcs, int max);

/* As harness_reference(), from the frame that the innermost signal has interrupted. */
int harness_interrupted(uint64_t *pcs, int max);

/* Keep a complaint unless both stacks are the same. */
void harness_compare(const char *what, const uint64_t *got, int n_got, const uint64_t *want,
		     int n_want);

/* Keep a complaint unless ok. */
void harness_check(int ok, const char *what);

/* Assert that there was no complaint; forgets it. */
void harness_verdict(void);

#endif
