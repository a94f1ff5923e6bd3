/*
 * What the programs of these tests call where a real one would call an interposed function, and
 * the scenarios that they offer. Plain C and C++; no assertion is made here.
 */
#ifndef FRONTRUN_TESTS_UNIT_UNWIND_CAPTURE_H
#define FRONTRUN_TESTS_UNIT_UNWIND_CAPTURE_H

#ifdef __cplusplus
extern "C" {
#endif

struct unwind_start;

/* Called by the scenarios; calls *capture_hook with its caller's frame. */
void capture(void);

/* The start has no stack bounds yet: the hook fills them in. */
extern void (*capture_hook)(struct unwind_start *start);

/* As capture(), then longjmp to the innermost capture_jump() call. */
void capture_noreturn(void) __attribute__((noreturn));
void capture_jump(void (*function)(void));

struct scenario {
	const char *name;
	void (*run)(void);
};

/* Each shared object exports `scenarios`, ended by a row without a name. */
extern const struct scenario scenarios[];

#ifdef __cplusplus
}
#endif

#endif
