/* See choices.h. */
#include "fuzz/choices.h"

#include <stdlib.h>
#include <string.h>

#include "formats/event.h"
#include "recorder/alloc.h"
#include "recorder/strategy_parameters.h"

static struct plan_strategy tail(uint64_t order)
{
	struct plan_strategy strategy = { .id = STRATEGY_PB };

	strategy_parameter_set(&strategy, "bound", 5, 0);
	strategy_parameter_set(&strategy, "order", 5, order);
	return strategy;
}

void choices_fini(struct choices *choices)
{
	free(choices->all);
	memset(choices, 0, sizeof(*choices));
}

void choices_copy(struct choices *to, const struct choices *from)
{
	struct plan_decision *all = alloc_check(malloc((from->count + 1) * sizeof(*all)));

	if (from->count)
		memcpy(all, from->all, from->count * sizeof(*all));
	free(to->all);
	*to = *from;
	to->all = all;
}

void choices_remove(struct choices *choices, uint32_t from, uint32_t n)
{
	choices->count -= n;
	memmove(choices->all + from, choices->all + from + n,
		(choices->count - from) * sizeof(*choices->all));
}

static bool is_default_next(const struct run_log *log, const struct run_step *step, uint64_t order)
{
	uint32_t chosen = (uint32_t)step->result, best = chosen, i;

	for (i = 0; i < step->option_count; i++) {
		uint32_t lane = log->words[step->options + i];

		if (lane >= log->lane_count || chosen >= log->lane_count)
			return false;
		if (order ? log->lanes[lane].slot > log->lanes[best].slot
			  : log->lanes[lane].slot < log->lanes[best].slot)
			best = lane;
	}
	return best == chosen;
}

/* Decisions that somebody took, not the outside, and that are not the default. */
static bool is_choice(const struct run_log *log, const struct run_step *step, uint64_t order)
{
	if (step->type != STEP_DECISION)
		return false;
	switch (step->kind) {
	case DECISION_PICK:
	case DECISION_SIGNAL:
	case DECISION_TIMEOUT:
	case DECISION_SPURIOUS:
	case DECISION_EARLY:
		return true;
	case DECISION_NEXT:
		return step->option_count > 1 && !is_default_next(log, step, order);
	default:
		return false;
	}
}

/* A lane that yields gives way by default: no preemption. */
static bool is_preemption(const struct run_log *log, size_t at)
{
	const struct run_step *step = &log->steps[at];
	size_t i;

	if (step->type != STEP_DECISION || step->kind != DECISION_PICK)
		return false;
	/* What it was about to do is announced right behind the decision. */
	for (i = at + 1; i < log->step_count && i < at + 8; i++)
		if (log->steps[i].type == STEP_ANNOUNCE && log->steps[i].lane == step->lane)
			return log->steps[i].kind != EVENT_YIELD;
	return true;
}

/* A lane that yields and goes on all the same: no decision of the log, but not what is usual. */
static bool is_stay(const struct run_log *log, size_t at)
{
	const struct run_step *step = &log->steps[at];
	size_t i;

	if (step->type != STEP_OFFER || step->kind != DECISION_PICK)
		return false;
	for (i = at + 1; i < log->step_count; i++)
		if (log->steps[i].type == STEP_EVENT)
			return log->steps[i].lane == step->lane && log->steps[i].k == step->k &&
			       log->steps[i].kind == EVENT_YIELD;
	return false;
}

void choices_of(const struct run_log *log, uint64_t order, struct choices *out)
{
	size_t i;

	out->count = out->preemptions = out->unlikely = 0;
	out->order = order;
	out->all = alloc_check(reallocarray(out->all, log->step_count + 1, sizeof(*out->all)));
	for (i = log->mark.step; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];
		bool stays = is_stay(log, i);

		if (!stays && !is_choice(log, step, order))
			continue;
		out->preemptions += is_preemption(log, i);
		out->unlikely += step->kind == DECISION_SPURIOUS ||
				 step->kind == DECISION_TIMEOUT || step->kind == DECISION_EARLY;
		out->all[out->count++] = (struct plan_decision){
			.kind = step->kind,
			.lane = step->lane,
			.k = step->k,
			.choice = stays ? (int64_t)step->lane : step->result,
		};
	}
}

static int by_point(const void *a_, const void *b_)
{
	const struct plan_decision *a = a_, *b = b_;

	if (a->lane != b->lane)
		return a->lane < b->lane ? -1 : 1;
	if (a->k != b->k)
		return a->k < b->k ? -1 : 1;
	return a->kind < b->kind ? -1 : a->kind > b->kind;
}

int choices_run(const struct trials *trials, const struct choices *choices, struct verdict *verdict,
		struct err *err)
{
	struct plan_decision *sorted;
	struct schedule schedule = {
		.tail = tail(choices->order),
		.loose_count = choices->count,
		.steps = trials->steps,
		.any_access = trials->any_access,
		.library = trials->library,
	};
	struct server_report report;
	int rc;

	memset(verdict, 0, sizeof(*verdict));
	if (choices->count > PLAN_LOOSE_MAX)
		return 0;
	sorted = alloc_check(malloc((choices->count + 1) * sizeof(*sorted)));
	if (choices->count) {
		memcpy(sorted, choices->all, choices->count * sizeof(*sorted));
		qsort(sorted, choices->count, sizeof(*sorted), by_point);
	}
	schedule.loose = sorted;
	rc = trials->run(trials->self, &schedule, verdict, &report, err);
	free(sorted);
	return rc;
}
