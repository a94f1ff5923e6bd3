/* See minimise.h. */
#include "fuzz/minimise.h"

#include <stdlib.h>
#include <string.h>

#include "formats/event.h"
#include "formats/hash.h"
#include "fuzz/search.h"
#include "recorder/alloc.h"

#define SIMPLER_RUNS 100

struct shrink {
	const struct trials *trials;
	struct err *err;
	int rc;
	uint64_t runs, limit;            /* so many runs in this part */
	struct choices best;             /* as requested */
	struct plan_decision *decisions; /* of the best failing run */
	uint32_t decision_count;
	bool failed_once;
};

/* Of the last run. */
static const struct run_log *log_of(const struct shrink *shrink)
{
	return shrink->trials->log(shrink->trials->self);
}

/* What need not happen at all comes last: a finding is the clearer without it. */
static bool better(const struct choices *a, const struct choices *b)
{
	if (a->unlikely != b->unlikely)
		return a->unlikely < b->unlikely;
	if (a->preemptions != b->preemptions)
		return a->preemptions < b->preemptions;
	return a->count < b->count;
}

/* Runs with these choices forced loosely. True: the same failure. */
static bool fails_with(struct shrink *shrink, const struct choices *choices,
		       struct verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	if (!shrink->rc) {
		shrink->runs++;
		shrink->rc = choices_run(shrink->trials, choices, verdict, shrink->err);
	}
	return !shrink->rc && verdict->fingerprint == shrink->trials->fingerprint;
}

/*
 * The run as it was found: its log is what choices are taken from. Behind the last decision a lane
 * goes on where it may, as it did, also where it yields.
 */
static bool fails_exactly(struct shrink *shrink, const struct plan_decision *decisions,
			  uint32_t count)
{
	struct schedule schedule = {
		.forced = decisions,
		.forced_count = count,
		.tail = { .id = STRATEGY_SCRIPT },
		.steps = shrink->trials->steps,
		.any_access = shrink->trials->any_access,
		.library = shrink->trials->library,
	};
	struct server_report report;
	struct verdict verdict;

	if (!shrink->rc) {
		shrink->runs++;
		shrink->rc = shrink->trials->run(shrink->trials->self, &schedule, &verdict, &report,
						 shrink->err);
	}
	return !shrink->rc && verdict.fingerprint == shrink->trials->fingerprint;
}

static bool exhausted(const struct shrink *shrink)
{
	return shrink->rc || shrink->runs >= shrink->limit;
}

/* Takes the run that has just failed as the best so far, if it is. */
static bool accept(struct shrink *shrink, uint64_t order)
{
	const struct run_log *log = log_of(shrink);
	struct choices found = { 0 };

	choices_of(log, order, &found);
	if (shrink->failed_once && !better(&found, &shrink->best)) {
		choices_fini(&found);
		return false;
	}
	shrink->failed_once = true;
	choices_copy(&shrink->best, &found);
	choices_fini(&found);
	free(shrink->decisions);
	shrink->decisions = run_log_decisions(log, &shrink->decision_count);
	return true;
}

/* Without the choices [from, from + n): true when that fails too, and was taken. */
static bool try_without(struct shrink *shrink, uint32_t from, uint32_t n)
{
	struct choices fewer = { 0 };
	struct verdict verdict;
	bool taken;

	choices_copy(&fewer, &shrink->best);
	choices_remove(&fewer, from, n);
	taken = fails_with(shrink, &fewer, &verdict) && accept(shrink, shrink->best.order);
	choices_fini(&fewer);
	return taken;
}

/* ddmin: larger parts first, to single choices, until no single one can go. */
static void reduce(struct shrink *shrink)
{
	uint32_t part = shrink->best.count, at;
	bool any;

	while (part > 0 && !exhausted(shrink)) {
		any = false;
		/* The last ones first: nothing depends on them. */
		for (at = shrink->best.count; at >= part && !exhausted(shrink);) {
			at -= part;
			if (at + part <= shrink->best.count && try_without(shrink, at, part)) {
				any = true;
				if (at > shrink->best.count)
					at = shrink->best.count;
			}
			if (at < part && at > 0 && part > 1)
				break;
		}
		if (!any || part > 1)
			part = part > 1 ? (part + 1) / 2 : any ? 1 : 0;
		if (part > shrink->best.count)
			part = shrink->best.count;
	}
}

/* The same choices, but a preemption somewhere else or to another lane. */
static bool try_instead(struct shrink *shrink, uint32_t at, const struct plan_decision *instead)
{
	struct choices other = { 0 };
	struct verdict verdict;
	bool taken;

	choices_copy(&other, &shrink->best);
	if (instead)
		other.all[at] = *instead;
	taken = fails_with(shrink, &other, &verdict) && accept(shrink, shrink->best.order);
	choices_fini(&other);
	return taken;
}

/*
 * A preemption can often be had for nothing: when its lane had not begun, or another had been
 * chosen when one blocked. For each preemption, and each choice of the run without it that could
 * have gone to the same lane, that choice instead.
 */
static void avoid_preemptions(struct shrink *shrink)
{
	uint32_t at;

	for (at = 0; at < shrink->best.count && !exhausted(shrink); at++) {
		const struct run_log *log = log_of(shrink);
		struct plan_decision preemption = shrink->best.all[at];
		struct plan_decision *nexts;
		struct choices without = { 0 };
		struct verdict verdict;
		size_t n = 0, i;

		if (preemption.kind != DECISION_PICK)
			continue;
		choices_copy(&without, &shrink->best);
		choices_remove(&without, at, 1);
		fails_with(shrink, &without, &verdict);
		log = log_of(shrink);
		nexts = alloc_check(malloc((log->decision_count + 1) * sizeof(*nexts)));
		for (i = log->mark.step; i < log->step_count && n < 16; i++) {
			const struct run_step *step = &log->steps[i];

			if (step->type == STEP_DECISION && step->kind == DECISION_NEXT &&
			    step->option_count > 1 && step->result != preemption.choice &&
			    run_log_offered(log, step, (uint32_t)preemption.choice))
				nexts[n++] = (struct plan_decision){
					.kind = DECISION_NEXT,
					.lane = step->lane,
					.k = step->k,
					.choice = preemption.choice,
				};
		}
		choices_fini(&without);
		for (i = 0; i < n && !exhausted(shrink); i++)
			if (try_instead(shrink, at, &nexts[i])) {
				at = UINT32_MAX; /* from the beginning */
				break;
			}
		free(nexts);
	}
}

static bool is_simple(const struct choices *choices)
{
	return choices->preemptions <= 1 && !choices->unlikely;
}

/*
 * The same failure from the other side: reversals of the run without preemptions, the simplest
 * first, until one fails so with fewer. What a random strategy found is often a detour.
 */
static void search_simpler(struct shrink *shrink)
{
	struct search_config search_config = {
		.strategy = { .id = STRATEGY_COUNT },
		.reversals = true,
		.steps = shrink->trials->steps,
		.any_access = shrink->trials->any_access,
	};
	struct search *search = search_new(&search_config);
	uint64_t last = shrink->runs + SIMPLER_RUNS;
	struct search_counts counts = { 0 };
	struct ticket ticket = { 0 };

	while (!exhausted(shrink) && shrink->runs < last &&
	       (counts.runs < 2 || counts.queued > 0)) {
		struct server_report report;
		struct search_news news;
		struct verdict verdict;

		search_next(search, &ticket);
		shrink->runs++;
		shrink->rc = shrink->trials->run(shrink->trials->self, &ticket.schedule, &verdict,
						 &report, shrink->err);
		if (shrink->rc)
			break;
		if (verdict.fingerprint == shrink->trials->fingerprint && accept(shrink, 0) &&
		    is_simple(&shrink->best))
			break;
		search_feed(search, &ticket, log_of(shrink), &report, &news);
		search_counts(search, &counts);
	}
	search_ticket_fini(&ticket);
	search_free(search);
}

/* Is the operation (lane, k) one on an object that another lane uses too? */
static bool is_shared(const struct run_log *log, uint32_t lane, uint64_t k)
{
	uint32_t object = 0;
	size_t i;

	for (i = 0; i < log->step_count && !object; i++)
		if (log->steps[i].lane == lane && log->steps[i].k == k &&
		    (log->steps[i].type == STEP_EVENT || log->steps[i].type == STEP_ANNOUNCE))
			object = log->steps[i].object;
	for (i = 0; object && i < log->step_count; i++)
		if (log->steps[i].object == object && log->steps[i].lane != lane &&
		    log->steps[i].type == STEP_EVENT)
			return true;
	return false;
}

/* Each preemption right before an operation on something shared, as late as it still fails. */
static void move_preemptions(struct shrink *shrink)
{
	uint32_t at;

	for (at = 0; at < shrink->best.count && !exhausted(shrink); at++) {
		struct plan_decision moved = shrink->best.all[at];
		const struct run_log *log;
		struct verdict verdict;
		unsigned tries;

		if (moved.kind != DECISION_PICK)
			continue;
		if (!fails_with(shrink, &shrink->best, &verdict))
			return;
		log = log_of(shrink);
		if (is_shared(log, moved.lane, moved.k))
			continue;
		for (tries = 0; tries < 8 && !exhausted(shrink); tries++) {
			struct choices other = { 0 };
			bool same;

			moved.k++;
			choices_copy(&other, &shrink->best);
			other.all[at] = moved;
			same = fails_with(shrink, &other, &verdict);
			log = log_of(shrink);
			if (same && is_shared(log, moved.lane, moved.k)) {
				struct choices found = { 0 };

				choices_of(log, shrink->best.order, &found);
				if (!better(&shrink->best, &found)) {
					/* No better, but at a place that means something. */
					shrink->failed_once = false;
					accept(shrink, shrink->best.order);
				}
				choices_fini(&found);
				choices_fini(&other);
				break;
			}
			choices_fini(&other);
		}
	}
}

static bool conflict(const struct run_step *a, const struct run_step *b)
{
	return (a->object && a->object == b->object && event_dependent(a->kind, 1, b->kind, 1)) ||
	       (a->object2 && a->object2 == b->object) || (a->object && a->object == b->object2);
}

static bool is_operation(const struct run_step *step)
{
	return step->type == STEP_EVENT || step->type == STEP_ANNOUNCE;
}

/*
 * In the failing run: the operation before which the last choice fell, or the next one of its lane
 * that conflicts with what came in between; and what that was.
 */
static void find_pair(struct shrink *shrink, struct minimised *out)
{
	const struct run_log *log = log_of(shrink);
	const struct plan_decision *last = &shrink->best.all[shrink->best.count - 1];
	size_t i, j, at = log->step_count;

	for (i = log->mark.step; i < log->step_count; i++)
		if (log->steps[i].type == STEP_DECISION && log->steps[i].kind == last->kind &&
		    log->steps[i].lane == last->lane && log->steps[i].k == last->k)
			at = i;
	for (i = at; i < log->step_count; i++) {
		const struct run_step *late = &log->steps[i];

		/* A later operation of the lane that was held up, or the pending one. */
		if (!is_operation(late) || late->lane != last->lane || late->k < last->k)
			continue;
		for (j = at; j < i; j++) {
			const struct run_step *early = &log->steps[j];

			if (early->type != STEP_EVENT || early->lane == last->lane ||
			    !conflict(early, late))
				continue;
			out->first.lane = late->lane;
			out->first.k = late->k;
			out->second.lane = early->lane;
			out->second.k = early->k;
			return;
		}
	}
	/* The lane never came to it: what it was about to do. */
	for (i = 0; i < log->step_count; i++) {
		const struct run_step *late = &log->steps[i];

		if (!is_operation(late) || late->lane != last->lane || late->k != last->k)
			continue;
		for (j = at; j < log->step_count; j++)
			if (log->steps[j].type == STEP_EVENT && log->steps[j].lane != last->lane &&
			    conflict(&log->steps[j], late)) {
				out->first.lane = late->lane;
				out->first.k = late->k;
				out->second.lane = log->steps[j].lane;
				out->second.k = log->steps[j].k;
				return;
			}
	}
}

/* The same schedule less one choice, the last one that can be: it passes. */
static void find_passing(struct shrink *shrink, struct minimised *out)
{
	const struct run_log *log;
	struct choices fewer = { 0 };
	struct verdict verdict;
	uint32_t without;

	if (!shrink->best.count)
		return;
	/* One run is kept for the pair. */
	for (without = shrink->best.count; without-- > 0 && !out->has_passing && !shrink->rc &&
					   shrink->runs + 1 < shrink->limit;) {
		choices_copy(&fewer, &shrink->best);
		choices_remove(&fewer, without, 1);
		fails_with(shrink, &fewer, &verdict);
		if (shrink->rc || verdict.kind != FAILURE_NONE)
			continue;
		log = log_of(shrink);
		out->has_passing = true;
		out->passing = run_log_decisions(log, &out->passing_count);
	}
	choices_fini(&fewer);
	if (!exhausted(shrink) && fails_with(shrink, &shrink->best, &verdict))
		find_pair(shrink, out);
}

int minimise(const struct minimise_config *config, const struct plan_decision *decisions,
	     uint32_t count, struct minimised *out, struct err *err)
{
	struct shrink shrink = { .trials = &config->trials, .err = err };
	struct verdict verdict;
	uint64_t order;

	memset(out, 0, sizeof(*out));
	/* A part is kept for the run that passes and the critical pair. */
	shrink.limit = config->runs_max - config->runs_max / 8;
	for (order = 0; order < 2 && !exhausted(&shrink); order++) {
		struct choices choices = { 0 };

		if (!fails_exactly(&shrink, decisions, count))
			break;
		choices_of(log_of(&shrink), order, &choices);
		if (!exhausted(&shrink) && fails_with(&shrink, &choices, &verdict))
			accept(&shrink, order);
		choices_fini(&choices);
	}
	out->reproduced = shrink.failed_once;
	if (shrink.failed_once) {
		reduce(&shrink);
		avoid_preemptions(&shrink);
		if (!is_simple(&shrink.best))
			search_simpler(&shrink);
		reduce(&shrink);
		move_preemptions(&shrink);
		shrink.limit = config->runs_max;
		find_passing(&shrink, out);
		out->decisions = shrink.decisions;
		out->count = shrink.decision_count;
		choices_copy(&out->choices, &shrink.best);
	} else {
		out->decisions = alloc_check(malloc((count + 1) * sizeof(*out->decisions)));
		if (count)
			memcpy(out->decisions, decisions, count * sizeof(*out->decisions));
		out->count = count;
	}
	choices_fini(&shrink.best);
	out->runs = shrink.runs;
	return shrink.rc;
}

void minimised_fini(struct minimised *minimised)
{
	free(minimised->decisions);
	free(minimised->passing);
	choices_fini(&minimised->choices);
	memset(minimised, 0, sizeof(*minimised));
}
