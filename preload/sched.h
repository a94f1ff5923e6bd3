/*
 * The scheduler as interposers see it. Shape of an interposer that can block:
 *
 *	int pthread_spin_lock(pthread_spinlock_t *spin)
 *	{
 *		struct lane *me;
 *		struct object *object;
 *		uint32_t context;
 *
 *		INTERPOSE_ENTER(me, context, REAL(pthread_spin_lock)(spin));
 *		object = object_find(me, spin, OBJECT_SPIN, context);
 *		sched_point(me, EVENT_SPIN_LOCK, object, context, SCHED_ANY);
 *		while (REAL(pthread_spin_trylock)(spin) == EBUSY)
 *			sched_block(me, object, SCHED_ANY, -1, 0);
 *		sched_taken(object, SCHED_ANY);
 *		...
 *		sched_done(me, 0);
 *		INTERPOSE_LEAVE(me, 0);
 *	}
 *
 * All functions require the turn unless they say otherwise. None touches errno or allocates.
 */
#ifndef PRELOAD_SCHED_H
#define PRELOAD_SCHED_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "formats/event.h"
#include "preload/lane.h"
#include "preload/memory/used.h"
#include "preload/object.h"

/*
 * Waiter tags: bits, free for the family of the object; SCHED_ANY when there is one sort of waiter.
 */
#define SCHED_ANY 0xffffffffu

/*
 * Time may pass early by so much because lanes that could run were slow; more would be no plausible
 * schedule.
 */
#define SCHED_SLOW_NS (60 * 1000000000ll)

enum sched_block_flag {
	SCHED_INTERRUPTIBLE = 1, /* returns WAKE_SIGNAL when a signal is to be delivered */
	SCHED_CANCELABLE = 2,    /* never returns when the lane is cancelled (if enabled) */
	SCHED_CANCEL_LATER = 16, /* with CANCELABLE: returns WAKE_CANCEL instead */
	SCHED_RESTARTABLE = 8,   /* with INTERRUPTIBLE: not by handlers that have SA_RESTART */
	/* somebody outside may wake it (shared object, signal): never a deadlock */
	SCHED_NO_DEADLOCK = 4,
};

/*
 * A scheduling point before an operation of `kind` on `object` (or NULL). Returns when this lane
 * may do it. `tag` non-zero: the operation takes the object and would wait for it with this tag;
 * while the lane is not running it then counts as not enabled as long as another lane has the
 * object (sched_taken()). Delivers signals. The lane must end the operation with sched_done().
 */
void sched_point(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		 uint32_t tag);

/* As sched_point() without a tag, but asks the strategy to prefer another lane (sched_yield). */
void sched_yield_point(struct lane *me, unsigned kind, uint32_t context);

/* The same of an operation on an object: the lane seems to wait for a change of it. */
void sched_spin_point(struct lane *me, unsigned kind, struct object *object, uint32_t context);

/*
 * The point of an operation that never waits for the object. _tried() says how it ended, before
 * sched_done(): `failed` when it has not got the object, as somebody has it.
 */
void sched_try_point(struct lane *me, unsigned kind, struct object *object, uint32_t context);
void sched_tried(struct lane *me, bool failed);

/*
 * As sched_point() without a tag, where the lane holds the gate and may give it away (gate.h).
 * `yielding`: it asks to prefer another lane.
 */
void sched_open_point(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		      bool yielding);

/* Opens an operation that is an event but not a point (unlock, clock). */
void sched_begin(struct lane *me, unsigned kind, struct object *object, uint32_t context);

/*
 * Opens an operation that gives the object back. A point only where other lanes can tell before
 * from after: an operation that waits just goes on later, a try-operation fails; and who sees all
 * accesses to memory sees the object itself freed.
 */
static inline void sched_release_point(struct lane *me, unsigned kind, struct object *object,
				       uint32_t context)
{
	if (__builtin_expect(object->tried || (memory_used && object->heap), 0))
		sched_point(me, kind, object, context, 0);
	else
		sched_begin(me, kind, object, context);
}

/* Second object of the pending operation (cond_wait: the mutex). */
void sched_second(struct lane *me, struct object *object);

/* The pending operation has taken place: writes the event. */
void sched_done(struct lane *me, int64_t result);
void sched_done_value(struct lane *me, int64_t result, int64_t value);
/* `type` of enum event_value. */
void sched_done_as(struct lane *me, int64_t result, unsigned type, int64_t value);

/* sched_begin() and sched_done() in one. */
void sched_event(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		 int64_t result);

/*
 * Gives the turn away until somebody wakes this lane, `deadline` (virtual ns, -1 none) is reached,
 * or a signal or cancellation interrupts. The pending operation stays pending. `object` may be NULL
 * (sleep). May end the run (deadlock): then it does not return.
 */
enum lane_wake sched_block(struct lane *me, struct object *object, uint32_t tag, int64_t deadline,
			   unsigned flags);

/*
 * Wakes at most `n` lanes that wait on the object with a tag in `mask`, which of them being the
 * strategy's choice (default: first come first served). Returns how many. They return WAKE_NORMAL.
 */
uint32_t sched_wake(struct lane *me, struct object *object, uint32_t mask, uint32_t n);

/*
 * The object may be free: all its waiters with a tag in `mask` may try again. sched_taken() takes
 * that back for those that have not run yet, because the calling lane has got it.
 */
void sched_release(struct object *object, uint32_t mask);
void sched_taken(struct object *object, uint32_t mask);

/* Moves up to `n` waiters to the queue of another object (futex requeue). Returns how many. */
uint32_t sched_requeue(struct object *from, struct object *to, uint32_t n);

/*
 * Wakes one lane whatever it waits for (cancellation, signals). No effect when it is not blocked.
 */
void sched_wake_lane(struct lane *lane, enum lane_wake why);

/*
 * Something outside the scheduler that a lane waits for. Either descriptors (`fds`, as for
 * poll(2)), or `attempt`, which tries the operation without blocking on behalf of the waiting lane,
 * in whatever thread has the turn, and returns true when it is over (done or failed: it has stored
 * the result for the lane).
 */
struct outside {
	struct pollfd *fds;
	uint32_t fd_count;
	bool (*attempt)(void *argument);
	void *argument;
	int child;      /* process id of the child that is waited for, -1 any, 0 something else */
	bool asks;      /* attempt only asks: the lane does the operation itself when it runs */
	bool satisfied; /* set by the scheduler: attempt() has returned true */
};

/*
 * True when the operation can go on now. Not ready is a decision that is recorded and replayed: a
 * replay waits in real time for what was ready in the recording.
 */
bool sched_outside_ready(struct lane *me, struct outside *outside);

/*
 * The outside has answered in another way, by an operation that does not wait. In a replay the
 * answer no is in the script, and must come from sched_outside_ready().
 */
void sched_outside_answered(struct lane *me, bool ready);

/* As sched_block(), woken by the outside. WAKE_NORMAL: ask sched_outside_ready() again. */
enum lane_wake sched_block_outside(struct lane *me, struct outside *outside, int64_t deadline,
				   unsigned flags);

/* As sched_block(), and woken by the outside as well. WAKE_NORMAL does not say by which. */
enum lane_wake sched_block_either(struct lane *me, struct object *object, uint32_t tag,
				  struct outside *outside, int64_t deadline, unsigned flags);

/*
 * Waits until `attempt` returns true: for objects that others change without telling us. Looks
 * again also after sched_release() of `object`, which may be NULL. WAKE_NORMAL then, else as
 * sched_block(). `attempt` runs in whatever thread has the turn.
 */
enum lane_wake sched_await(struct lane *me, struct object *object, bool (*attempt)(void *),
			   void *argument, int64_t deadline, unsigned flags);

/* An operation of ours may have made a descriptor ready for another lane (write, close, ...). */
void sched_outside_changed(void);

/*
 * The lane ends; the turn goes to another one, which first waits until kernel thread `tid` is gone.
 * Returns at once, without the turn. False when no lane was left to hand over to: the process is
 * about to end.
 */
bool sched_end_lane(struct lane *me);

/* First call in a new kernel thread of a lane: waits for the turn. */
void sched_start_lane(struct lane *me);

/* Ends the run with a verdict: tells the CLI and does not return. */
void sched_fail(struct lane *me, unsigned verdict, const char *text) __attribute__((noreturn));

/*
 * For a wait with a deadline that is about to begin: true when the strategy lets it end by its
 * deadline at once, because all others were slow; the clock has moved there. At most once in an
 * operation (a choice that is the default is not written down, so a replay could not tell which of
 * several it was).
 */
bool sched_expire(struct lane *me, int64_t deadline);

/*
 * For a try-operation on an object that is free: true when it has to fail, as if another lane that
 * is about to take it (with a tag in `mask`) had been a little faster. At most once in an
 * operation.
 */
bool sched_try_fails(struct lane *me, struct object *object, uint32_t mask);

/*
 * Any other choice between `count` options (decision kind, default 0), asked of plan or strategy,
 * recorded when not 0.
 */
uint32_t sched_choose(struct lane *me, unsigned decision, uint32_t count);

#endif
