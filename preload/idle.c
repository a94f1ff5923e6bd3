/*
 * Nobody can run, or the outside may have news: descriptors, children, signals, and the virtual
 * clock.
 *
 * Rule (runtime.md): ask without waiting; then wait in real time, at most until the earliest
 * virtual deadline and at most as long as the plan allows; then the clock jumps, which is a
 * decision. Nothing to wait for: the end.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>

#include "preload/child_locks.h"
#include "preload/children.h"
#include "preload/decide.h"
#include "preload/foreign.h"
#include "preload/log.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/sched_core.h"
#include "preload/signals.h"
#include "preload/tape.h"
#include "preload/timers.h"

#define SECOND 1000000000ll
/* longest single wait: attempts and foreign threads are looked at again */
#define SLICE_NS (100 * 1000000ll)
#define ATTEMPT_FIRST_NS 200000ll       /* pause between attempts, doubled each time ... */
#define ATTEMPT_MOST_NS (5 * 1000000ll) /* ... up to this */
#define REPLAY_PATIENCE_NS (10 * SECOND)
#define GATHER 4096
#define CLOCK_TIMER 0 /* choice of a CLOCK decision that is a timer's, not a lane's */

static struct pollfd gathered[GATHER]; /* one user at a time */

static int64_t real_now(void)
{
	struct timespec now;

	raw(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static long real_poll(struct pollfd *fds, uint32_t count, int64_t ns)
{
	struct timespec timeout = { .tv_sec = ns / SECOND, .tv_nsec = ns % SECOND };

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
	/* In a replay from the tape all that comes is there: the script says when. */
	return tape_giving() || real_poll(outside->fds, outside->fd_count, 0) != 0;
}

/*
 * How long what happened in the recording may take to happen again. A search forces the beginning
 * of a run and changes its course: what it waits for may be what it has just prevented.
 */
static int64_t patience(void)
{
	const struct plan_run *run = decide_run();

	return run->flags & PLAN_RUN_REPLAY ? REPLAY_PATIENCE_NS : run->idle_wait_ns;
}

bool idle_wait_for(struct outside *outside)
{
	int64_t start = real_now(), pause = ATTEMPT_FIRST_NS;

	while (!idle_ready(outside)) {
		if (real_now() - start > patience())
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

static void move_clock(int64_t to)
{
	if (to > schedule.now && to != INT64_MAX)
		schedule.now = to;
	schedule.next_deadline = 0; /* recompute */
	schedule.work = 0;
	core_wake_due();
}

/* The clock jumps to the lane's deadline, or, NULL, to that of the next timer. */
static void jump(struct lane *me, struct lane *to, enum decision_kind kind, bool forced)
{
	log_decision(me, kind, to ? to->number : CLOCK_TIMER, forced, NULL, 0);
	move_clock(to ? to->deadline : timers_next());
}

bool sched_expire(struct lane *me, int64_t deadline)
{
	if (deadline <= schedule.now || deadline - schedule.now > SCHED_SLOW_NS ||
	    !decide_choose(me, DECISION_TIMEOUT, 2))
		return false;
	move_clock(deadline);
	return true;
}

/* What is written down when a blocked lane may go on, at a point or while nobody can run. */
static enum decision_kind wake_decision(enum lane_wake wake, bool idling)
{
	if (wake == WAKE_SIGNAL)
		return idling ? DECISION_ROUSED : DECISION_INTERRUPT;
	return idling ? DECISION_AWAITED : DECISION_READY;
}

static void make_ready(struct lane *me, struct lane *lane, enum lane_wake wake, bool idling,
		       bool forced)
{
	log_decision(me, wake_decision(wake, idling), lane->number, forced, NULL, 0);
	sched_wake_lane(lane, wake);
}

/* The earliest deadline of a lane or a timer. INT64_MAX: none. */
static int64_t next_time(void)
{
	struct lane *first = earliest();
	int64_t timer = timers_next();

	return first && first->deadline <= timer ? first->deadline : timer;
}

/* Whose deadline is the next; NULL: a timer's. */
static struct lane *next_sleeper(void)
{
	struct lane *first = earliest();

	return first && first->deadline <= timers_next() ? first : NULL;
}

static void jump_to_next(struct lane *me, bool forced)
{
	jump(me, next_sleeper(), DECISION_CLOCK, forced);
}

/* The clock may jump early, though not too far. */
static void maybe_jump_early(struct lane *me)
{
	struct lane *lane = next_sleeper();

	if (next_time() - schedule.now <= SCHED_SLOW_NS && decide_chance(me, DECISION_EARLY, lane))
		jump(me, lane, DECISION_EARLY, false);
}

static bool apply_wake(struct lane *me, int64_t number, enum lane_wake wake, bool idling)
{
	struct lane *lane = lane_by_number((uint32_t)number);

	if (!lane || lane->state != LANE_BLOCKED || (wake == WAKE_NORMAL && !lane->outside)) {
		decide_diverge(me, "a thread that was woken in the recording does not wait here");
		return false;
	}
	/*
	 * An attempt does the operation itself: now, as in the recording, not when its lane runs.
	 */
	if (wake == WAKE_NORMAL && lane->outside->attempt && !lane->outside->asks &&
	    !idle_wait_for(lane->outside)) {
		decide_diverge(me, "something outside that happened in the recording does not");
		return false;
	}
	make_ready(me, lane, wake, idling, true);
	return true;
}

static bool apply_clock(struct lane *me, int64_t number, enum decision_kind kind)
{
	struct lane *lane = number == CLOCK_TIMER ? NULL : lane_by_number((uint32_t)number);

	if (number == CLOCK_TIMER ? timers_next() == INT64_MAX
				  : !lane || lane->state != LANE_BLOCKED || lane->deadline < 0) {
		decide_diverge(me,
			       "the clock woke a thread in the recording that does not sleep here");
		return false;
	}
	jump(me, lane, kind, true);
	return true;
}

/* From the tape there is no child: what it waits for is in the script alone. */
static bool child_has_said(void)
{
	return tape_giving() || child_locks_said();
}

/*
 * Applies what the prefix says for this point, or (`idling`) for the wait in it; true when it said
 * something.
 */
static bool apply_script(struct lane *me, bool idling)
{
	enum decision_kind clock = idling ? DECISION_CLOCK : DECISION_EARLY;
	bool any = false, good = true;
	int64_t number;

	while (good) {
		if (decide_forced(me, wake_decision(WAKE_NORMAL, idling), &number))
			good = apply_wake(me, number, WAKE_NORMAL, idling);
		else if (decide_forced(me, wake_decision(WAKE_SIGNAL, idling), &number))
			good = apply_wake(me, number, WAKE_SIGNAL, idling);
		else if (decide_forced(me, clock, &number))
			good = apply_clock(me, number, clock);
		else if (idling && child_has_said() && decide_forced(me, DECISION_CHILD, &number))
			child_locks_fail(me, number, true);
		else
			break;
		any = any || good;
	}
	return any;
}

/* Asks the outside without waiting, lane by lane; true when one became runnable. */
static bool ask(struct lane *me, bool idling)
{
	bool any = false;
	uint32_t i;

	schedule.outside_tick = 0;
	schedule.outside_dirty = false;
	if (tape_giving())
		return false; /* all that came is in the script, and that has ended */
	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (lane->number && lane->state == LANE_BLOCKED && lane->outside &&
		    idle_ready(lane->outside)) {
			make_ready(me, lane, WAKE_NORMAL, idling, false);
			any = true;
		}
	}
	return any;
}

/*
 * Signals that have come from outside for blocked lanes wake them; in a replay the script says
 * when.
 */
static void wake_signalled(struct lane *me, bool idling)
{
	uint32_t i;

	sched_attention = 0;
	foreign_apply(me, idling);
	if (decide_scripted())
		return;
	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].state == LANE_BLOCKED && signals_waiting(&lanes[i]))
			make_ready(me, &lanes[i], WAKE_SIGNAL, idling, false);
}

void idle_look(struct lane *me)
{
	if (sched_attention)
		wake_signalled(me, false);
	if (decide_scripted()) {
		apply_script(me, false);
		return;
	}
	if (schedule.outside_count && (schedule.outside_dirty || schedule.outside_tick >= 64))
		ask(me, false);
	if (schedule.timed || schedule.timers)
		maybe_jump_early(me);
}

/* One wait in real time for whatever blocked lanes wait for, at most `ns`. */
static void wait_outside(int64_t ns, int64_t *pause)
{
	uint32_t i, j, count = 0;
	bool attempts = schedule.foreign_waits > 0 || foreign_seen();

	children_collect();
	for (i = 0; i < schedule.lane_slots; i++) {
		struct lane *lane = &lanes[i];

		if (!lane->number || lane->state != LANE_BLOCKED || !lane->outside)
			continue;
		attempts = attempts || lane->outside->attempt;
		for (j = 0; j < lane->outside->fd_count && count < GATHER && !tape_giving(); j++)
			gathered[count++] = lane->outside->fds[j];
	}
	if (attempts) {
		ns = ns < *pause ? ns : *pause;
		if (*pause < ATTEMPT_MOST_NS)
			*pause *= 2;
	}
	real_poll(gathered, count, ns < SLICE_NS ? ns : SLICE_NS);
}

/*
 * Could a signal come? In a run of a search nobody knows the process but its own children; its
 * timers are ours.
 */
static bool signal_possible(void)
{
	siginfo_t info;

	if (!signals_awaited())
		return false;
	return !(decide_run()->flags & PLAN_RUN_FLUSH) ||
	       raw(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, 0) != -ECHILD;
}

/* Could anybody outside wake one of the lanes? */
static bool anybody_outside(void)
{
	return schedule.outside_count || schedule.foreign_waits || signal_possible() ||
	       foreign_seen();
}

/* Waits until a lane can run. */
static void idle(struct lane *me)
{
	int64_t waited = 0, pause = ATTEMPT_FIRST_NS, allowed, start, next;

	while (!schedule.runnable_count) {
		if (sched_attention)
			wake_signalled(me, true);
		if (schedule.runnable_count || (decide_scripted() && apply_script(me, true)))
			continue;
		next = next_time();
		if (!anybody_outside()) {
			if (next == INT64_MAX && foreign_exist(me))
				continue;
			if (next == INT64_MAX)
				deadlock_stuck(me);
			jump_to_next(me, true);
			continue;
		}
		if (ask(me, true))
			return;
		if (!decide_scripted())
			child_locks_look(me);
		allowed = INT64_MAX;
		if (next != INT64_MAX) {
			allowed = next - schedule.now;
			if (allowed > decide_run()->idle_wait_ns)
				allowed = decide_run()->idle_wait_ns;
		}
		if (decide_scripted() && !decide_exhausted() && waited > patience())
			decide_diverge(me, "nothing happens here where the recording went on");
		if (waited >= allowed) {
			jump_to_next(me, false);
			waited = 0;
			continue;
		}
		start = real_now();
		wait_outside(allowed - waited, &pause);
		waited += real_now() - start;
	}
}

struct lane *idle_pick(struct lane *me)
{
	bool idled;

	core_wake_due();
	idled = !schedule.runnable_count;
	if (idled)
		idle(me);
	return decide_next(me, idled);
}
