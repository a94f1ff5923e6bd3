/*
 * The beginning and the end of an operation, in line for those of which there are many: sched.c and
 * accesses to memory.
 */
#ifndef PRELOAD_SCHED_POINT_H
#define PRELOAD_SCHED_POINT_H

#include <stddef.h>

#include "preload/decide.h"
#include "preload/gate.h"
#include "preload/log_event.h"
#include "preload/memory/settle.h"
#include "preload/sched.h"

/* What sched_begin() does. */
static inline void sched_open(struct lane *me, unsigned kind, struct object *object,
			      uint32_t context)
{
	if (__builtin_expect(me->stored != NULL, 0))
		memory_settle(me);
	me->kind = kind;
	me->object = object;
	me->object2 = NULL;
	me->context = context;
	me->announced = false;
	me->answers = me->stage = 0;
}

/* What sched_done_as() does. */
static inline void sched_close(struct lane *me, int64_t result, unsigned type, int64_t value)
{
	log_event_here(me, PHASE_DONE, result, type, value);
	me->announced = false;
	me->k++;
}

/*
 * At a point: is the lane the only one that can run, and nothing else to be looked at? Then it goes
 * on, and that was all. False: nothing has been done.
 */
static inline bool sched_goes_on(struct lane *me)
{
	if (__builtin_expect(schedule.runnable_count > 1 || sched_attention ||
				     me->pending_signals || schedule.timed || schedule.timers ||
				     schedule.outside_count || decide_stopping || decide_noting ||
				     decide_scripted() || gate_object ||
				     schedule.steps >= schedule.step_limit,
			     0))
		return false;
	schedule.steps++;
	return true;
}

/* The point of an operation that has been opened, where sched_goes_on() says no. */
void sched_consider(struct lane *me, uint32_t tag);

/* What sched_point() does, without a tag. */
static inline void sched_point_here(struct lane *me, unsigned kind, struct object *object,
				    uint32_t context)
{
	sched_open(me, kind, object, context);
	me->yielding = false;
	if (!sched_goes_on(me))
		sched_consider(me, 0);
}

#endif
