/*
 * Nobody can run, or the outside may have news: descriptors, children, signals, and the virtual clock.
 *
 * Rule (runtime.md): ask without waiting; then wait in real time, at most until the earliest virtual deadline and
 * at most as long as the plan allows; then the clock jumps, which is a decision. Nothing to wait for: the end.
 */
#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "preload/decide.h"
#include "preload/log.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/sched_core.h"
#include "preload/signals.h"

#define SECOND 1000000000ll
#define SLICE_NS (100 * 1000000ll)    /* longest single wait: attempts and foreign threads are looked at again */
#define ATTEMPT_FIRST_NS 200000ll     /* pause between attempts, doubled each time ... */
#define ATTEMPT_MOST_NS (5 * 1000000ll) /* ... up to this */
#define REPLAY_PATIENCE_NS (10 * SECOND)
#define GATHER 4096

static struct pollfd gathered[GATHER]; /* one user at a time */

static int64_t real_now(void)
{
	struct timespec now;

	raw(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static long real_poll(struct pollfd *fds, uint32_t count, int64_t ns)
{
	struct timespec timeout = {.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};

	return raw(SYS_ppoll, fds, count, &timeout, 0, 0);
}

bool idle_ready(struct outside *outside)
{
	if (outside->satisfied)
		return true;
	if (outside->attempt) {
		outside->satisfied = outside->attempt(outside->argument);
		return outside->satisfied;
	}
	return real_poll(outside->fds, outside->fd_count, 0) != 0;
}

bool idle_wait_for(struct outside *outside)
{
	int64_t start = real_now(), pause = ATTEMPT_FIRST_NS;

	while (!idle_ready(outside)) {
		if (real_now() - start > REPLAY_PATIENCE_NS)
			return false;
		real_poll(outside->fds, outside->attempt ? 0 : outside->fd_count, pause);
		if (pause < ATTEMPT_MOST_NS)
			pause *= 2;
	}
	return true;
}

static struct lane *earliest(void)
{
	struct lane *first = NULL;
	uint32_t i;

	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (lane->number && lane->state == LANE_BLOCKED && lane->deadline >= 0 &&
		    (!first || lane->deadline < first->deadline))
			first = lane;
	}
	return first;
}

static void jump(struct lane *me, struct lane *to, bool forced)
{
	log_decision(me, DECISION_CLOCK, to->number, forced, NULL, 0);
	if (to->deadline > schedule.now)
		schedule.now = to->deadline;
	schedule.next_deadline = 0; /* recompute */
	schedule.readings = 0;
	core_wake_due();
}

static void make_ready(struct lane *me, struct lane *lane, bool forced)
{
	log_decision(me, DECISION_READY, lane->number, forced, NULL, 0);
	lane->wake = WAKE_NORMAL;
	core_set_runnable(lane);
}

/* Applies what the prefix says for this point; true when it said something. */
static bool apply_script(struct lane *me)
{
	bool any = false;
	int64_t number;

	for (;;) {
		if (decide_forced(me, DECISION_READY, &number)) {
			struct lane *lane = lane_by_number((uint32_t)number);

			if (!lane || lane->state != LANE_BLOCKED || !lane->outside) {
				decide_diverge(me, "a thread that became ready in the recording does not wait here");
				return any;
			}
			make_ready(me, lane, true);
		} else if (schedule.timed && decide_forced(me, DECISION_CLOCK, &number)) {
			struct lane *lane = lane_by_number((uint32_t)number);

			if (!lane || lane->state != LANE_BLOCKED || lane->deadline < 0) {
				decide_diverge(me, "the clock woke a thread in the recording that does not sleep here");
				return any;
			}
			jump(me, lane, true);
		} else {
			return any;
		}
		any = true;
	}
}

/* Asks the outside without waiting, lane by lane; true when one became runnable. */
static bool ask(struct lane *me)
{
	bool any = false;
	uint32_t i;

	schedule.outside_tick = 0;
	schedule.outside_dirty = false;
	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (lane->number && lane->state == LANE_BLOCKED && lane->outside &&
		    idle_ready(lane->outside)) {
			make_ready(me, lane, false);
			any = true;
		}
	}
	return any;
}

/* Signals that have come for blocked lanes wake them. */
static void wake_signalled(void)
{
	uint32_t i;

	sched_attention = 0;
	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].pending_signals)
			sched_wake_lane(&lanes[i], WAKE_SIGNAL);
}

void idle_look(struct lane *me)
{
	if (sched_attention)
		wake_signalled();
	if (decide_scripted()) {
		apply_script(me);
		return;
	}
	if (schedule.outside_count &&
	    (schedule.outside_dirty || schedule.outside_tick >= 64))
		ask(me);
	if (schedule.timed && decide_chance(DECISION_CLOCK))
		jump(me, earliest(), false);
}

/* One wait in real time for whatever blocked lanes wait for, at most `ns`. */
static void wait_outside(int64_t ns, int64_t *pause)
{
	uint32_t i, j, count = 0;
	bool attempts = schedule.foreign_waits > 0;

	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (!lane->number || lane->state != LANE_BLOCKED || !lane->outside)
			continue;
		attempts = attempts || lane->outside->attempt;
		for (j = 0; j < lane->outside->fd_count && count < GATHER; j++)
			gathered[count++] = lane->outside->fds[j];
	}
	if (attempts) {
		ns = ns < *pause ? ns : *pause;
		if (*pause < ATTEMPT_MOST_NS)
			*pause *= 2;
	}
	real_poll(gathered, count, ns < SLICE_NS ? ns : SLICE_NS);
}

/* Waits until a lane can run. */
static void idle(struct lane *me)
{
	int64_t waited = 0, pause = ATTEMPT_FIRST_NS, allowed, start;
	struct lane *first;
	bool external;

	for (;;) {
		if (sched_attention)
			wake_signalled();
		if (schedule.runnable_count)
			return;
		if (decide_scripted() && apply_script(me))
			continue;
		first = earliest();
		external = schedule.outside_count || schedule.foreign_waits || signals_awaited() ||
			   region->process[process_index].uncontrolled;
		if (!external) {
			if (!first)
				deadlock_stuck(me);
			jump(me, first, true);
			return;
		}
		if (ask(me))
			return;
		allowed = INT64_MAX;
		if (first) {
			allowed = first->deadline - schedule.now;
			if (allowed > decide_run()->idle_wait_ns)
				allowed = decide_run()->idle_wait_ns;
		}
		if (decide_scripted() && waited > REPLAY_PATIENCE_NS)
			decide_diverge(me, "nothing happens here where the recording went on");
		if (first && waited >= allowed) {
			jump(me, first, false);
			return;
		}
		start = real_now();
		wait_outside(allowed - waited, &pause);
		waited += real_now() - start;
	}
}

struct lane *idle_pick(struct lane *me)
{
	if (schedule.timed)
		core_wake_due();
	if (sched_attention)
		wake_signalled();
	if (decide_scripted() && (schedule.outside_count || schedule.timed))
		apply_script(me);
	if (!schedule.runnable_count)
		idle(me);
	return decide_pick(me);
}
