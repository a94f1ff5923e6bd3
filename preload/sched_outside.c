/*
 * Waiting for the outside: whether it is ready is a decision, which a replay takes from its script.
 */
#include <stddef.h>

#include "preload/decide.h"
#include "preload/log.h"
#include "preload/sched.h"
#include "preload/sched_core.h"
#include "preload/tape.h"

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
		wake = sched_block_either(me, object, SCHED_ANY, &outside, deadline, flags);
		if (wake != WAKE_NORMAL && wake != WAKE_RESTART)
			return wake;
	}
	return WAKE_NORMAL;
}

void sched_outside_changed(void)
{
	schedule.outside_dirty = true;
}
