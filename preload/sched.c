/*
 * Scheduling points, blocking and waking. Knows lanes and objects; no kernel threads, no TLS.
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
#include "preload/server.h"
#include "preload/signals.h"
#include "preload/tape.h"
#include "preload/timers.h"

#define NEVER INT64_MAX
#define OUTSIDE_EVERY 64 /* points between two looks at blocked descriptors */

void core_set_blocked(struct lane *lane)
{
	lane->state = LANE_BLOCKED;
	schedule.runnable[lane->slot / 64] &= ~(1ull << (lane->slot % 64));
	schedule.runnable_count--;
	if (lane->deadline >= 0) {
		if (schedule.timed++ == 0 || lane->deadline < schedule.next_deadline)
			schedule.next_deadline = lane->deadline;
	}
	if (lane->outside) {
		schedule.outside_count++;
		schedule.outside_dirty = true;
	}
	if (lane->no_deadlock)
		schedule.foreign_waits++;
	log_lane_state(lane);
}

void core_set_runnable(struct lane *lane)
{
	lane->state = LANE_RUNNABLE;
	schedule.runnable[lane->slot / 64] |= 1ull << (lane->slot % 64);
	schedule.runnable_count++;
	if (lane->deadline >= 0)
		schedule.timed--;
	if (lane->outside)
		schedule.outside_count--;
	if (lane->no_deadlock)
		schedule.foreign_waits--;
	log_lane_state(lane);
}

static void enqueue(struct lane *lane, struct object *object, uint32_t tag, bool retry)
{
	lane->wait_object = object;
	lane->wait_tag = tag;
	lane->wait_retry = retry;
	lane->wait_order = ++schedule.wait_counter;
	if (!object)
		return;
	lane->wait_next = NULL;
	lane->wait_previous = object->last_waiter;
	if (object->last_waiter)
		object->last_waiter->wait_next = lane;
	else
		object->first_waiter = lane;
	object->last_waiter = lane;
	object->waiters++;
}

static void dequeue(struct lane *lane)
{
	struct object *object = lane->wait_object;

	lane->wait_object = NULL;
	if (!object)
		return;
	if (lane->wait_previous)
		lane->wait_previous->wait_next = lane->wait_next;
	else
		object->first_waiter = lane->wait_next;
	if (lane->wait_next)
		lane->wait_next->wait_previous = lane->wait_previous;
	else
		object->last_waiter = lane->wait_previous;
	lane->wait_next = lane->wait_previous = NULL;
	object->waiters--;
}

void core_wake_due(void)
{
	int64_t next = NEVER;
	uint32_t i;

	timers_fire();
	if (!schedule.timed || schedule.now < schedule.next_deadline)
		return;
	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (!lane->number || lane->state != LANE_BLOCKED || lane->deadline < 0)
			continue;
		if (lane->deadline <= schedule.now) {
			lane->wake = WAKE_TIMEOUT;
			core_set_runnable(lane);
		} else if (lane->deadline < next) {
			next = lane->deadline;
		}
	}
	schedule.next_deadline = next;
}

static void announce(struct lane *me)
{
	if (me->announced)
		return;
	me->announced = true;
	log_event(me, PHASE_ANNOUNCED, 0, NULL);
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

static inline void begin(struct lane *me, unsigned kind, struct object *object, uint32_t context)
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
		enqueue(me, object, tag ? tag : SCHED_ANY, true);
	}
	if (gate)
		gate_leave(me);
	log_lane_state(me);
	hand_over(me, next);
	me->stage++;
	if (quarantine_any && me->object && me->object->heap)
		oracle_check(me, me->object->address, me->context);
	if (object)
		dequeue(me);
	if (gate)
		gate_enter(me);
	if (me->pending_signals || decide_scripted())
		signals_deliver(me);
}

static void point(struct lane *me, uint32_t tag)
{
	struct lane *next;

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
	next = decide_pick(me);
	if (next != me)
		step_back(me, tag, next);
	else if (me->open)
		gate_close();
}

void sched_point(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		 uint32_t tag)
{
	begin(me, kind, object, context);
	me->yielding = false;
	point(me, tag);
}

void sched_open_point(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		      bool yielding)
{
	begin(me, kind, object, context);
	me->yielding = yielding;
	me->open = true;
	point(me, 0);
	me->open = me->yielding = false;
}

void sched_spin_point(struct lane *me, unsigned kind, struct object *object, uint32_t context)
{
	begin(me, kind, object, context);
	me->yielding = true;
	point(me, 0);
	me->yielding = false;
}

void sched_yield_point(struct lane *me, unsigned kind, uint32_t context)
{
	sched_spin_point(me, kind, NULL, context);
}

void sched_begin(struct lane *me, unsigned kind, struct object *object, uint32_t context)
{
	begin(me, kind, object, context);
}

void sched_second(struct lane *me, struct object *object)
{
	me->object2 = object;
}

void sched_done_as(struct lane *me, int64_t result, unsigned type, int64_t value)
{
	log_event_value(me, PHASE_DONE, result, type, value);
	me->announced = false;
	me->k++;
}

static void done(struct lane *me, int64_t result, const int64_t *value)
{
	log_event(me, PHASE_DONE, result, value);
	me->announced = false;
	me->k++;
}

void sched_done(struct lane *me, int64_t result)
{
	done(me, result, NULL);
}

void sched_done_value(struct lane *me, int64_t result, int64_t value)
{
	done(me, result, &value);
}

void sched_event(struct lane *me, unsigned kind, struct object *object, uint32_t context,
		 int64_t result)
{
	begin(me, kind, object, context);
	done(me, result, NULL);
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
	enqueue(me, object, tag, false);
	announce(me);
	me->wake = WAKE_NORMAL;
	core_set_blocked(me);
	deadlock_check(me);
	next = idle_pick(me);
	if (next != me)
		hand_over(me, next);
	me->stage++;
	dequeue(me);
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

void sched_outside_answered(struct lane *me, bool ready)
{
	if (ready)
		me->answers++;
	else
		log_decision(me, DECISION_IO, me->answers, false, NULL, 0);
}

/*
 * An operation may ask several times (a long write in pieces): the choice says how often the answer
 * was yes before, as a yes is not written down.
 */
bool sched_outside_ready(struct lane *me, struct outside *outside)
{
	int64_t answers;
	bool ready;

	if (outside->satisfied)
		return true;
	if (decide_scripted()) {
		if (decide_expects(me, DECISION_IO, &answers) && answers == me->answers) {
			decide_forced(me, DECISION_IO, &answers);
			log_decision(me, DECISION_IO, me->answers, true, NULL, 0);
			return false;
		}
		/* To ask may have shown that the script ends here. A search only supposes it. */
		if (decide_scripted() && (decide_run()->flags & PLAN_RUN_REPLAY)) {
			if (idle_wait_for(outside)) {
				me->answers++;
				return true;
			}
			decide_diverge(me,
				       "something outside that was ready in the recording is not");
		}
	}
	ready = idle_ready(outside);
	sched_outside_answered(me, ready);
	return ready;
}

enum lane_wake sched_await(struct lane *me, struct object *object, bool (*attempt)(void *),
			   void *argument, int64_t deadline, unsigned flags)
{
	struct outside outside = { .attempt = attempt, .argument = argument };
	enum lane_wake wake;

	tape_needs_outside(me, "it shares locks with other processes");
	while (!sched_outside_ready(me, &outside)) {
		wake = block(me, object, SCHED_ANY, deadline, flags, &outside);
		if (wake != WAKE_NORMAL && wake != WAKE_RESTART)
			return wake;
	}
	return WAKE_NORMAL;
}

void sched_outside_changed(void)
{
	schedule.outside_dirty = true;
}

void sched_wake_lane(struct lane *lane, enum lane_wake why)
{
	if (lane->state != LANE_BLOCKED)
		return;
	lane->wake = why;
	core_set_runnable(lane);
}

uint32_t sched_wake(struct lane *me, struct object *object, uint32_t mask, uint32_t n)
{
	static struct lane *candidates[REGION_LANES]; /* one user at a time */
	static uint32_t numbers[REGION_LANES];
	uint32_t count = 0, woken = 0, index;
	struct lane *lane;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if ((lane->wait_tag & mask) && lane->state == LANE_BLOCKED) {
			numbers[count] = lane->number;
			candidates[count++] = lane;
		}
	while (count && woken < n) {
		index = count > n - woken
				? decide_lane(me, DECISION_SIGNAL, candidates, numbers, count)
				: 0;
		lane = candidates[index];
		for (count--; index < count; index++) {
			candidates[index] = candidates[index + 1];
			numbers[index] = numbers[index + 1];
		}
		dequeue(lane);
		lane->wake = WAKE_NORMAL;
		core_set_runnable(lane);
		woken++;
	}
	return woken;
}

void sched_release(struct object *object, uint32_t mask)
{
	struct lane *lane;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if ((lane->wait_tag & mask) && lane->state == LANE_BLOCKED) {
			lane->wait_retry = true;
			lane->wake = WAKE_NORMAL;
			core_set_runnable(lane);
		}
}

void sched_taken(struct object *object, uint32_t mask)
{
	struct lane *lane;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if ((lane->wait_tag & mask) && lane->wait_retry && lane->state == LANE_RUNNABLE &&
		    lane->wake == WAKE_NORMAL && lane != schedule.current)
			core_set_blocked(lane);
}

uint32_t sched_requeue(struct object *from, struct object *to, uint32_t n)
{
	struct lane *lane = from->first_waiter, *next;
	uint32_t moved = 0;

	for (; lane && moved < n; lane = next) {
		uint32_t tag = lane->wait_tag;

		next = lane->wait_next;
		if (lane->state != LANE_BLOCKED)
			continue;
		dequeue(lane);
		enqueue(lane, to, tag, false);
		moved++;
	}
	return moved;
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
		if (me->held[i].object->owner == me)
			me->held[i].object->owner = NULL;
		sched_release(me->held[i].object, SCHED_ANY);
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

static bool takes(unsigned kind)
{
	return event_table[kind].access == ACCESS_ACQUIRE ||
	       event_table[kind].access == ACCESS_READ;
}

/* Is another lane about to take the object, by an operation that waits or one that does not? */
static bool about_to_be_taken(const struct lane *me, const struct object *object, uint32_t mask)
{
	const struct lane *lane;
	uint32_t i;

	for (lane = object->first_waiter; lane; lane = lane->wait_next)
		if ((lane->wait_tag & mask) && lane->wait_retry && lane->state == LANE_RUNNABLE)
			return true;
	for (i = 0; i < schedule.lane_slots; i++) {
		lane = &lanes[i];
		if (lane->number && lane != me && lane->state == LANE_RUNNABLE && lane->announced &&
		    lane->object == object && takes(lane->kind) &&
		    event_dependent(lane->kind, 1, me->kind, 1))
			return true;
	}
	return false;
}

bool sched_try_fails(struct lane *me, struct object *object, uint32_t mask)
{
	if (decide_clock_choices() && !decide_scripted() && !about_to_be_taken(me, object, mask))
		return false;
	return decide_choose(me, DECISION_TRYLOCK, 2) != 0;
}

uint32_t sched_choose(struct lane *me, unsigned decision, uint32_t count)
{
	return decide_choose(me, (enum decision_kind)decision, count);
}
