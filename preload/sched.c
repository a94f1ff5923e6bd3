/*
 * Scheduling points and blocking. Knows lanes and objects; no kernel threads, no TLS. Who waits for
 * an object is sched_queue.c, waiting for the outside sched_outside.c.
 */
#include "preload/sched.h"

#include <stddef.h>

#include "preload/clock.h"
#include "preload/decide.h"
#include "preload/gate.h"
#include "preload/handoff.h"
#include "preload/log.h"
#include "preload/memory/oracle.h"
#include "preload/memory/settle.h"
#include "preload/sched_core.h"
#include "preload/sched_point.h"
#include "preload/server.h"
#include "preload/signals.h"
#include "preload/spin.h"
#include "preload/tape.h"
#include "preload/timers.h"

#define OUTSIDE_EVERY 64 /* points between two looks at blocked descriptors */

static void announce(struct lane *me)
{
	if (me->announced)
		return;
	me->announced = true;
	log_event_here(me, PHASE_ANNOUNCED, 0, EVENT_VALUE_NONE, 0);
}

static void hand_over(struct lane *me, struct lane *next)
{
	schedule.switches++;
	region->process[process_index].switches = schedule.switches;
	region->process[process_index].virtual_ns = schedule.now;
	region->process[process_index].turn = next->number;
	schedule.current = next;
	handoff_switch(me, next);
	schedule.current = me;
}

/* What is rare at a point. */
static void attend(struct lane *me)
{
	core_wake_due();
	idle_look(me);
	if (decide_stopping)
		decide_stop_check(me);
	if (schedule.steps > schedule.step_limit)
		sched_fail(me, VERDICT_STEP_BUDGET,
			   "the run took more operations than it was allowed");
	if (me->pending_signals || decide_scripted())
		signals_deliver(me);
}

static inline bool needs_attention(void)
{
	if (schedule.outside_count && (schedule.outside_dirty || decide_scripted() ||
				       ++schedule.outside_tick >= OUTSIDE_EVERY))
		return true;
	if (schedule.timers && (decide_clock_choices() || schedule.now >= timers_next()))
		return true;
	return schedule.timed && (decide_clock_choices() || schedule.now >= schedule.next_deadline);
}

/*
 * A point with the gate held: open, or there is no choice, as all others need the gate too (those
 * who have not come to it yet would do nothing else).
 */
static bool is_alone(struct lane *me)
{
	if (me->open) {
		gate_open();
		if (schedule.runnable_count > 1)
			return false;
		gate_close();
		return true;
	}
	return schedule.runnable_count <= 1 || schedule.live == schedule.gated;
}

/* Another lane was picked. */
static void step_back(struct lane *me, uint32_t tag, struct lane *next)
{
	bool gate = me->open && gate_held(me);
	struct object *object = tag ? me->object : gate ? gate_object : NULL;

	announce(me);
	if (object) {
		me->deadline = -1;
		me->outside = NULL;
		me->no_deadlock = me->interruptible = false;
		me->wake = WAKE_NORMAL;
		core_enqueue(me, object, tag ? tag : SCHED_ANY, true);
	}
	if (gate)
		gate_leave(me);
	log_lane_state(me);
	hand_over(me, next);
	me->stage++;
	if (quarantine_any && me->object && me->object->heap)
		oracle_check(me, me->object->address, me->context);
	if (object)
		core_dequeue(me);
	if (gate)
		gate_enter(me);
	if (me->pending_signals || decide_scripted())
		signals_deliver(me);
}

void sched_consider(struct lane *me, uint32_t tag)
{
	struct lane *next;
	bool asked;

	schedule.steps++;
	if (schedule.timed || schedule.timers)
		clock_tick(me->yielding ? CLOCK_YIELD : CLOCK_OPERATION);
	if (__builtin_expect(sched_attention || me->pending_signals || decide_stopping ||
				     (decide_scripted() && decide_due(me)) ||
				     schedule.steps > schedule.step_limit || needs_attention(),
			     0))
		attend(me);
	if (gate_held(me) ? is_alone(me) : schedule.runnable_count <= 1) {
		if (decide_noting)
			decide_note(me);
		return;
	}
	asked = me->yielding;
	me->yielding |= spin_pays(me);
	next = decide_pick(me);
	if (next != me)
		step_back(me, tag, next);
	else if (me->open)
		gate_close();
	me->yielding = asked;
}

void sched_point(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		 uint32_t tag)
{
	sched_open(me, kind, object, context);
	me->yielding = false;
	if (!sched_goes_on(me))
		sched_consider(me, tag);
}

void sched_open_point(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		      bool yielding)
{
	sched_open(me, kind, object, context);
	me->yielding = yielding;
	me->open = true;
	sched_consider(me, 0);
	me->open = me->yielding = false;
}

void sched_spin_point(struct lane *me, unsigned kind, struct object *object, uint32_t context)
{
	sched_open(me, kind, object, context);
	me->yielding = true;
	sched_consider(me, 0);
	me->yielding = false;
}

void sched_try_point(struct lane *me, unsigned kind, struct object *object, uint32_t context)
{
	if (spin_again(me, object, context))
		sched_spin_point(me, kind, object, context);
	else
		sched_point(me, kind, object, context, 0);
}

void sched_tried(struct lane *me, bool failed)
{
	if (failed)
		spin_failed(me);
	else
		spin_forget(&me->spin);
}

void sched_yield_point(struct lane *me, unsigned kind, uint32_t context)
{
	sched_spin_point(me, kind, NULL, context);
}

void sched_begin(struct lane *me, unsigned kind, struct object *object, uint32_t context)
{
	sched_open(me, kind, object, context);
}

void sched_second(struct lane *me, struct object *object)
{
	me->object2 = object;
}

void sched_done_as(struct lane *me, int64_t result, unsigned type, int64_t value)
{
	sched_close(me, result, type, value);
}

void sched_done(struct lane *me, int64_t result)
{
	sched_close(me, result, EVENT_VALUE_NONE, 0);
}

void sched_done_value(struct lane *me, int64_t result, int64_t value)
{
	sched_close(me, result, EVENT_VALUE_INT, value);
}

void sched_event(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		 int64_t result)
{
	sched_open(me, kind, object, context);
	sched_close(me, result, EVENT_VALUE_NONE, 0);
}

/*
 * Delivers what waits; WAKE_NORMAL when nothing did. Handlers may do what changes the object that
 * is waited for, and may wait themselves, so a lane is in no queue while they run, and has to
 * look again afterwards.
 */
static enum lane_wake deliver(struct lane *me, unsigned flags)
{
	int delivered = me->pending_signals || decide_scripted() ? signals_deliver(me) : 0;

	if (!delivered)
		return WAKE_NORMAL;
	if ((flags & SCHED_INTERRUPTIBLE) && (delivered == 2 || !(flags & SCHED_RESTARTABLE)))
		return WAKE_SIGNAL;
	return WAKE_RESTART;
}

static enum lane_wake block_once(struct lane *me, struct object *object, uint32_t tag,
				 int64_t deadline, unsigned flags, struct outside *outside)
{
	enum lane_wake wake;
	struct lane *next;

	me->stage++;
	wake = deliver(me, flags);
	if (wake != WAKE_NORMAL)
		return wake;
	if (me->cancel_news && (flags & SCHED_CANCELABLE)) {
		me->cancel_news = false;
		return WAKE_CANCEL;
	}
	if (deadline >= 0 && deadline <= schedule.now)
		return WAKE_TIMEOUT;
	me->deadline = deadline;
	me->interruptible = flags & SCHED_INTERRUPTIBLE;
	me->cancelable = flags & SCHED_CANCELABLE;
	me->no_deadlock = (flags & SCHED_NO_DEADLOCK) || (object && object->shared);
	me->outside = outside;
	core_enqueue(me, object, tag, false);
	announce(me);
	me->wake = WAKE_NORMAL;
	core_set_blocked(me);
	deadlock_check(me);
	next = idle_pick(me);
	if (next != me)
		hand_over(me, next);
	me->stage++;
	core_dequeue(me);
	me->deadline = -1;
	me->outside = NULL;
	me->no_deadlock = false;
	me->cancelable = false;
	if (me->wake != WAKE_SIGNAL)
		return (enum lane_wake)me->wake;
	wake = deliver(me, flags);
	return wake == WAKE_NORMAL ? WAKE_RESTART : wake;
}

static enum lane_wake block(struct lane *me, struct object *object, uint32_t tag, int64_t deadline,
			    unsigned flags, struct outside *outside)
{
	enum lane_wake wake = block_once(me, object, tag, deadline, flags, outside);

	if (wake != WAKE_CANCEL || (flags & SCHED_CANCEL_LATER))
		return wake;
	lane_cancel(me); /* returns where cancellation is disabled */
	return WAKE_RESTART;
}

enum lane_wake sched_block(struct lane *me, struct object *object, uint32_t tag, int64_t deadline,
			   unsigned flags)
{
	return block(me, object, tag, deadline, flags, NULL);
}

enum lane_wake sched_block_outside(struct lane *me, struct outside *outside, int64_t deadline,
				   unsigned flags)
{
	return block(me, NULL, 0, deadline, flags, outside);
}

enum lane_wake sched_block_either(struct lane *me, struct object *object, uint32_t tag,
				  struct outside *outside, int64_t deadline, unsigned flags)
{
	return block(me, object, tag, deadline, flags, outside);
}

void sched_start_lane(struct lane *me)
{
	handoff_wait(me);
	schedule.current = me;
	log_lane_state(me); /* its kernel thread is known now */
}

bool sched_end_lane(struct lane *me)
{
	struct object *object = me->object_number ? object_of_lane(me) : NULL;
	struct lane *next;
	uint32_t i;

	me->state = LANE_DONE;
	if (me->origin == LANE_MAIN)
		schedule.first_ended = true;
	schedule.runnable[me->slot / 64] &= ~(1ull << (me->slot % 64));
	schedule.runnable_count--;
	schedule.live--;
	schedule.gated -= me->gated;
	log_lane_state(me);
	if (object)
		sched_release(object, SCHED_ANY);
	/*
	 * Locks that it still holds: a robust mutex is free now, others stay as they are for
	 * ever.
	 */
	for (i = 0; i < me->held_count; i++) {
		if (lane_held(me, i)->object->owner == me)
			lane_held(me, i)->object->owner = NULL;
		sched_release(lane_held(me, i)->object, SCHED_ANY);
	}
	if (!schedule.live)
		return false;
	next = idle_pick(me);
	schedule.ending_tid = me->tid;
	schedule.switches++;
	region->process[process_index].turn = next->number;
	schedule.current = next;
	if (me->detached)
		lane_free(me);
	handoff_give(next);
	return true;
}

void sched_fail(struct lane *me, unsigned verdict, const char *text)
{
	log_failure(verdict, me ? me->number : 0, me ? me->k : 0, 0, text);
	server_end_run();
	for (;;)
		log_ask(MAILBOX_RUN_END, me ? me->number : 0, me ? me->k : 0);
}

uint32_t sched_choose(struct lane *me, unsigned decision, uint32_t count)
{
	return decide_choose(me, (enum decision_kind)decision, count);
}
