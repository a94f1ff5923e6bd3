/*
 * The tape: what comes in from the outside, written down as it comes (RECORD_ANSWER) or, in a
 * replay, taken from the recording instead of the outside (region.tape). Every system call of
 * formats/answers.def that the program, libc or the runtime on behalf of the program makes goes
 * through tape_call(), in the order of the schedule: so only the lane that has the turn uses it.
 *
 * A replay from the tape reaches no server, reads no file but those kept by reference, and waits
 * for nothing. What the program asks is compared with the recording; a difference ends the run.
 */
#ifndef PRELOAD_TAPE_H
#define PRELOAD_TAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/record.h"
#include "preload/lane.h"
#include "preload/raw.h"

enum tape_mode {
	TAPE_OFF,  /* calls go to the kernel and leave no trace */
	TAPE_KEEP, /* PLAN_RUN_KEEP_ANSWERS */
	TAPE_GIVE, /* PLAN_RUN_GIVE_ANSWERS */
};

extern enum tape_mode tape_mode;

/* From the constructor, when the log can be written. */
void tape_init(void);

/* The child of a fork is none of ours. */
void tape_child(void);

/*
 * Performs the call, or answers it. Returns the kernel's result. `flags` of enum answer_flag.
 * Requires the turn unless the tape is off. Does not return when a replay cannot go on.
 */
long tape_call(unsigned flags, long number, const long a[6]);

/* A thread that is no lane makes such a call: the tape cannot hold it. Callable by any thread. */
void tape_foreign_call(long number);

/* Does tape_call() do more than pass the call on? */
bool tape_knows(long number);

/*
 * While input is kept: makes the call `made` with the arguments `with`, which is call `number` in a
 * form that does not wait, and writes it down as call `number`; -EAGAIN is not written down.
 */
long tape_attempt(long number, const long a[6], long made, const long with[6]);

/*
 * A call that the caller makes himself, perhaps several times: tape_taken() answers it in a replay
 * (false: the caller makes it), tape_keep() writes down the one that was final.
 */
bool tape_taken(long number, const long a[6], long *result);
void tape_keep(long number, const long a[6], long result);

/*
 * The run depends on something outside that no tape can hold: written down, so that a replay is
 * done with the outside. `text` says what "it" (the program) does.
 */
void tape_needs_outside(struct lane *me, const char *text);

static inline bool tape_giving(void)
{
	return __builtin_expect(tape_mode == TAPE_GIVE, 0);
}

static inline long tape_call6(unsigned flags, long number, long a, long b, long c, long d, long e,
			      long f)
{
	const long arguments[6] = { a, b, c, d, e, f };

	if (__builtin_expect(tape_mode == TAPE_OFF, 1))
		return raw_syscall6(number, a, b, c, d, e, f);
	return tape_call(flags, number, arguments);
}

#define tape_do(flags, n, a, b, c, d, e, f, ...) \
	tape_call6(flags, n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* tape(number, up to six arguments of integer or pointer type), as raw(): the program's call. */
#define tape(...) tape_do(0, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
/* The same for a question that only the runtime has. */
#define tape_ask(...) tape_do(ANSWER_ASKED, __VA_ARGS__, 0, 0, 0, 0, 0, 0)

#endif
