/*
 * Finding conflicts, see conflicts.h.
 *
 * The place where an operation could have been preceded by another lane is its opener: the offer or
 * the decision by which its lane had the turn when it did it. An operation that no choice preceded
 * has none; in an interpreted program, whose operations have often no choice of their own (a lock
 * in a library), the one of the lane's operation before it: the other lane goes first there, too.
 */
#include "fuzz/conflicts.h"

#include <stdlib.h>
#include <string.h>

#include "formats/event.h"
#include "formats/hash.h"
#include "fuzz/set64.h"
#include "recorder/alloc.h"

#define NO_STEP UINT32_MAX
#define PAIRS_EXAMINED 400000 /* of one run: longer ones are cut */
#define BACK_PENALTY 0
#define FIRST_PENALTY 3
#define CHOICE_PENALTY 1
#define EARLY_PENALTY 2
#define SPURIOUS_PENALTY 6
#define LIBRARY_PENALTY 4

/* The operations on one object, in order; `object` 0: a pseudo-object. */
struct access_list {
	uint32_t *steps;
	size_t count, room;
};

struct finder {
	const struct run_log *log;
	struct reversals *out;
	unsigned per_pair;
	uint32_t *opener;  /* by step */
	uint32_t *next;    /* by lane: its next conflicting operation, NO_STEP none */
	uint32_t *created; /* by lane: the step that creates it, 0: not seen */
	bool *begun;       /* by step: its lane has used something shared before */
	bool *again;       /* by step: it looks at what its lane has just found unchanged */
	uint64_t examined;
	struct {
		uint64_t pair;
		unsigned count;
	} * seen; /* open addressing */
	size_t seen_size, seen_used;
};

uint64_t conflicts_pair(uint64_t site_a, unsigned kind_a, uint64_t site_b, unsigned kind_b)
{
	uint64_t hash = hash_mix(hash_mix(HASH_START, site_a + kind_a), site_b);

	return hash_finish(hash_mix(hash, kind_b)) | 1;
}

static uint64_t pair_of(const struct run_log *log, const struct run_step *a,
			const struct run_step *b)
{
	return conflicts_pair(run_log_site(log, a->context), a->kind, run_log_site(log, b->context),
			      b->kind);
}

/* Opens each operation: the last choice that gave its lane the turn right before it. */
static void find_openers(struct finder *finder)
{
	const struct run_log *log = finder->log;
	uint32_t candidate = NO_STEP, holder = 0, i, born;
	uint32_t *last = alloc_check(malloc((log->lane_count + 1) * sizeof(*last)));

	for (i = 0; i <= log->lane_count; i++)
		last[i] = NO_STEP;

	for (i = 0; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];

		if (step->type == STEP_EVENT && step->kind == EVENT_THREAD_CREATE &&
		    step->object < log->object_count) {
			born = log->objects[step->object].lane;
			if (born < log->lane_count)
				finder->created[born] = i;
		}

		finder->opener[i] = NO_STEP;
		if (step->type == STEP_DECISION &&
		    (step->kind == DECISION_PICK || step->kind == DECISION_NEXT)) {
			candidate = i;
			holder = (uint32_t)step->result;
		} else if (step->type == STEP_OFFER && step->kind == DECISION_PICK) {
			candidate = i;
			holder = step->lane;
		} else if (step->type == STEP_EVENT) {
			if (candidate != NO_STEP && step->lane == holder)
				finder->opener[i] = candidate;
			else if (log->interpreted && step->lane < log->lane_count)
				finder->opener[i] = last[step->lane];
			if (step->lane < log->lane_count)
				last[step->lane] = finder->opener[i];
			candidate = NO_STEP;
		}
	}
	free(last);
}

/*
 * A lane that has done nothing but reading since it read the same at the same place, and nobody has
 * changed that: a loop that waits. What others do before the one look or the next is the same.
 */
static void find_again(struct finder *finder)
{
	const struct run_log *log = finder->log;
	uint32_t *changed = alloc_check(calloc(log->lane_count + 1, sizeof(*changed)));
	uint32_t *written = alloc_check(calloc(log->object_count + 1, sizeof(*written)));
	struct set64 looks = { 0 }; /* step + 1 */
	uint32_t i;

	for (i = 0; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];
		uint64_t *look;

		if (step->type != STEP_EVENT || step->lane >= log->lane_count ||
		    step->object >= log->object_count)
			continue;
		if (event_table[step->kind].access != ACCESS_READ || !step->object) {
			if (step->kind != EVENT_YIELD)
				changed[step->lane] = i + 1;
			written[step->object] = i + 1;
			if (step->object2 < log->object_count)
				written[step->object2] = i + 1;
			continue;
		}
		look = set64_at(&looks, hash_id(step->lane, step->object,
						run_log_site(log, step->context)));
		finder->again[i] = *look > changed[step->lane] && *look > written[step->object];
		*look = i + 1;
	}
	set64_fini(&looks);
	free(changed);
	free(written);
}

/* False when there are enough of this pair. */
static bool count_pair(struct finder *finder, uint64_t pair)
{
	size_t i, mask = finder->seen_size - 1;

	for (i = pair & mask; finder->seen[i].pair && finder->seen[i].pair != pair;
	     i = (i + 1) & mask)
		;
	if (!finder->seen[i].pair) {
		if (2 * finder->seen_used > finder->seen_size)
			return false; /* more different pairs than anybody will try */
		finder->seen[i].pair = pair;
		finder->seen_used++;
	}
	return finder->seen[i].count++ < finder->per_pair;
}

static struct reversal *add(struct finder *finder)
{
	struct reversals *out = finder->out;

	if (out->count == out->room) {
		out->room = out->room ? 2 * out->room : 64;
		out->all = alloc_check(reallocarray(out->all, out->room, sizeof(*out->all)));
	}
	memset(&out->all[out->count], 0, sizeof(*out->all));
	return &out->all[out->count++];
}

static bool writes(const struct run_step *step)
{
	return event_table[step->kind].access == ACCESS_WRITE;
}

/* `lane` goes on at the opener instead. */
static void force_lane(struct reversal *reversal, const struct run_step *opener, uint32_t lane)
{
	struct plan_decision *force = &reversal->force[reversal->forced];

	/* The lane that would have gone on by default needs no entry. */
	if (opener->type == STEP_DECISION && opener->kind == DECISION_PICK && opener->lane == lane)
		return;
	*force = (struct plan_decision){
		.kind = opener->type == STEP_OFFER ? DECISION_PICK : opener->kind,
		.lane = opener->lane,
		.k = opener->k,
		.choice = lane,
	};
	reversal->forced++;
}

/* The next operation of the same lane before which it could be left; NO_STEP: there is none. */
static uint32_t next_point(const struct finder *finder, uint32_t at)
{
	const struct run_log *log = finder->log;
	uint32_t lane = log->steps[at].lane;

	for (at++; at < log->step_count; at++)
		if (log->steps[at].type == STEP_EVENT && log->steps[at].lane == lane &&
		    (event_table[log->steps[at].kind].flags & EVENT_FLAG_POINT))
			return at;
	return NO_STEP;
}

/*
 * Who has to go on at the opener of step `first` so that `lane` comes to its operation before that:
 * itself, or where it is not there yet, the lane that creates it, or that one's creator. 0: nobody
 * can.
 */
static uint32_t way_to(const struct finder *finder, uint32_t first, uint32_t lane)
{
	const struct run_log *log = finder->log;
	const struct run_step *opener = &log->steps[finder->opener[first]];

	while (lane && lane < log->lane_count && lane != log->steps[first].lane) {
		if (run_log_offered(log, opener, lane))
			return lane;
		if (finder->created[lane] <= first)
			return 0;
		lane = log->lanes[lane].parent;
	}
	return 0;
}

/* What a library does for itself is rarely at fault. */
static bool in_library(const struct run_log *log, const struct run_step *step)
{
	return step->context < log->context_count && log->contexts[step->context].library;
}

/* `second` is to come before `first`. */
static void reverse(struct finder *finder, uint32_t first, uint32_t second)
{
	const struct run_log *log = finder->log;
	const struct run_step *a = &log->steps[first], *b = &log->steps[second], *opener;
	struct reversal *reversal;
	uint32_t back, via;
	uint64_t pair;

	if (finder->opener[first] == NO_STEP)
		return;
	opener = &log->steps[finder->opener[first]];
	via = way_to(finder, first, b->lane);
	if (!via)
		return;
	pair = pair_of(log, a, b);
	if (!count_pair(finder, pair))
		return;
	reversal = add(finder);
	reversal->pair = pair;
	reversal->cut = opener->decisions;
	reversal->steps = finder->opener[first];
	reversal->first = first;
	reversal->second = second;
	reversal->both_write = writes(a) && writes(b);
	reversal->penalty = in_library(log, a) || in_library(log, b) ? LIBRARY_PENALTY : 0;
	/* In front of all that its lane does to others: that is another order, and little more. */
	if (!finder->begun[first])
		reversal->penalty += FIRST_PENALTY;
	/* The lane that is put off goes on as soon as can be: the rest stays as it was. */
	reversal->next = via == b->lane ? a->lane : b->lane;
	force_lane(reversal, opener, via);

	back = next_point(finder, second);
	if (back == NO_STEP || via != b->lane)
		return;
	/* The same, and back as soon as can be: what has to fall in between, and no more. */
	reversal = add(finder);
	*reversal = reversal[-1];
	reversal->penalty += BACK_PENALTY;
	reversal->force[reversal->forced++] = (struct plan_decision){
		.kind = DECISION_PICK,
		.lane = b->lane,
		.k = log->steps[back].k,
		.choice = a->lane,
	};
}

/* Of two operations on the same object. */
static bool dependent(const struct run_step *a, const struct run_step *b)
{
	return event_dependent(a->kind, 1, b->kind, 1);
}

/*
 * The operations of one object, or of a pseudo-object (`any`: all of them conflict), from the last
 * to the first: for each the next conflicting one of every other lane.
 */
static void find_in(struct finder *finder, const struct access_list *list, bool any)
{
	const struct run_log *log = finder->log;
	size_t n = log->lane_count, i;
	uint32_t lane;

	for (i = 0; i < n; i++)
		finder->next[i] = NO_STEP;
	for (i = list->count; i-- > 0;) {
		uint32_t at = list->steps[i];
		const struct run_step *step = &log->steps[at];

		if (finder->again[at])
			continue;
		if (finder->opener[at] != NO_STEP)
			for (lane = 1; lane < n; lane++) {
				uint32_t other = finder->next[lane];

				if (lane == step->lane || other == NO_STEP ||
				    ++finder->examined > PAIRS_EXAMINED)
					continue;
				if (any || dependent(step, &log->steps[other]))
					reverse(finder, at, other);
			}
		if (step->lane < n)
			finder->next[step->lane] = at;
	}
}

static void append(struct access_list *list, uint32_t step)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 16;
		list->steps =
			alloc_check(reallocarray(list->steps, list->room, sizeof(*list->steps)));
	}
	list->steps[list->count++] = step;
}

static bool is_access(const struct run_step *step)
{
	return step->type == STEP_EVENT && event_table[step->kind].access != ACCESS_NONE;
}

/* From the steps on shared objects to those behind such a step of their lane. */
static void find_begun(struct finder *finder)
{
	const struct run_log *log = finder->log;
	bool *lanes = alloc_check(calloc(log->lane_count + 1, sizeof(*lanes)));
	size_t i;

	for (i = 0; i < log->step_count; i++) {
		uint32_t lane = log->steps[i].lane;
		bool shared = finder->begun[i];

		if (lane >= log->lane_count)
			continue;
		finder->begun[i] = lanes[lane];
		lanes[lane] = lanes[lane] || shared;
	}
	free(lanes);
}

/* A list for each object that more than one lane uses. */
static void find_by_object(struct finder *finder)
{
	const struct run_log *log = finder->log;
	struct access_list *lists = alloc_check(calloc(log->object_count + 1, sizeof(*lists)));
	size_t i;
	uint32_t j;

	for (i = 0; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];

		if (!is_access(step))
			continue;
		if (step->object && step->object < log->object_count)
			append(&lists[step->object], (uint32_t)i);
		if (step->object2 && step->object2 < log->object_count)
			append(&lists[step->object2], (uint32_t)i);
	}
	for (i = 1; i < log->object_count; i++) {
		bool shared = false;

		for (j = 1; j < lists[i].count && !shared; j++)
			shared = log->steps[lists[i].steps[j]].lane !=
				 log->steps[lists[i].steps[0]].lane;
		if (!shared)
			lists[i].count = 0;
		for (j = 0; j < lists[i].count; j++)
			finder->begun[lists[i].steps[j]] = true;
	}
	find_begun(finder);
	for (i = 1; i < log->object_count; i++)
		if (lists[i].count)
			find_in(finder, &lists[i], false);
	for (i = 0; i < log->object_count; i++)
		free(lists[i].steps);
	free(lists);
}

/*
 * Signals and cancellations with what their receiver does: the points of the receiver and the
 * operations on it.
 */
static void find_receivers(struct finder *finder)
{
	const struct run_log *log = finder->log;
	struct access_list list = { 0 };
	uint32_t lane, i;

	for (lane = 1; lane < log->lane_count; lane++) {
		bool receives = false;

		list.count = 0;
		for (i = 0; i < log->step_count; i++) {
			const struct run_step *step = &log->steps[i];
			bool sends;

			if (step->type != STEP_EVENT)
				continue;
			sends = (step->kind == EVENT_KILL || step->kind == EVENT_THREAD_CANCEL) &&
				step->object < log->object_count &&
				log->objects[step->object].lane == lane;
			if (sends || (step->lane == lane &&
				      (event_table[step->kind].flags & EVENT_FLAG_POINT)))
				append(&list, i);
			receives = receives || sends;
		}
		if (receives)
			find_in(finder, &list, true);
	}
	free(list.steps);
}

/* The end of the process, with all others' operations. */
static void find_exit(struct finder *finder)
{
	const struct run_log *log = finder->log;
	struct access_list list = { 0 };
	bool exits = false;
	uint32_t i;

	for (i = 0; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];

		if (step->type != STEP_EVENT || finder->opener[i] == NO_STEP)
			continue;
		append(&list, i);
		exits = exits || step->kind == EVENT_EXIT;
	}
	if (exits && list.count) {
		uint32_t last = list.steps[list.count - 1];

		/* Everybody who could still run when it ended. */
		if (log->steps[last].kind == EVENT_EXIT) {
			const struct run_step *opener = &log->steps[finder->opener[last]];

			for (i = 1; i < log->lane_count; i++) {
				struct reversal *reversal;

				if (i == log->steps[last].lane || !run_log_offered(log, opener, i))
					continue;
				reversal = add(finder);
				reversal->pair = conflicts_pair(
					run_log_site(log, log->steps[last].context), EVENT_EXIT,
					run_log_lane_id(log, i), EVENT_THREAD_START);
				reversal->cut = opener->decisions;
				reversal->steps = finder->opener[last];
				reversal->first = reversal->second = last;
				force_lane(reversal, opener, i);
			}
			/* And the end itself, before what the others did. */
			for (i = 0; i + 1 < list.count; i++)
				if (log->steps[list.steps[i]].lane != log->steps[last].lane)
					reverse(finder, list.steps[i], last);
		}
	}
	free(list.steps);
}

static uint8_t choice_penalty(unsigned kind)
{
	return kind == DECISION_EARLY      ? EARLY_PENALTY
	       : kind == DECISION_SPURIOUS ? SPURIOUS_PENALTY
					   : CHOICE_PENALTY;
}

/* What else could have been chosen: which waiter is woken, time-outs, spurious wake-ups. */
static void find_choices(struct finder *finder)
{
	const struct run_log *log = finder->log;
	uint32_t i, lane;

	for (i = 0; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];
		uint64_t pair;

		if (step->type != STEP_OFFER || step->kind == DECISION_PICK ||
		    step->kind == DECISION_TRYLOCK)
			continue;
		for (lane = 1; lane < log->lane_count; lane++) {
			struct reversal *reversal;
			bool of_lane = step->kind == DECISION_SIGNAL ||
				       step->kind == DECISION_EARLY;
			uint64_t site = 0;
			uint32_t j;

			if (of_lane ? !run_log_offered(log, step, lane) : lane > 1)
				continue;
			/* Where it is decided: what the lane did next. */
			for (j = i; j < log->step_count; j++)
				if (log->steps[j].lane == step->lane && log->steps[j].context) {
					site = run_log_site(log, log->steps[j].context);
					break;
				}
			pair = conflicts_pair(site, step->kind, run_log_lane_id(log, lane), 0);
			if (!count_pair(finder, pair))
				continue;
			reversal = add(finder);
			reversal->pair = pair;
			reversal->cut = step->decisions;
			reversal->steps = i;
			reversal->first = reversal->second = i;
			reversal->penalty = choice_penalty(step->kind);
			reversal->forced = 1;
			reversal->force[0] = (struct plan_decision){
				.kind = step->kind,
				.lane = step->lane,
				.k = step->k,
				.choice = of_lane ? lane : 1,
			};
		}
	}
}

static int by_place(const void *a_, const void *b_)
{
	const struct reversal *a = a_, *b = b_;

	if (a->steps != b->steps)
		return a->steps < b->steps ? -1 : 1;
	if (a->penalty != b->penalty)
		return a->penalty < b->penalty ? -1 : 1;
	if (a->second != b->second)
		return a->second < b->second ? -1 : 1;
	if (a->force[0].choice != b->force[0].choice)
		return a->force[0].choice < b->force[0].choice ? -1 : 1;
	return a->pair < b->pair ? -1 : a->pair > b->pair;
}

void conflicts_find(const struct run_log *log, unsigned per_pair, struct reversals *out)
{
	struct finder finder = {
		.log = log,
		.out = out,
		.per_pair = per_pair,
		.seen_size = 4096,
	};

	out->count = 0;
	finder.opener = alloc_check(calloc(log->step_count + 1, sizeof(*finder.opener)));
	finder.next = alloc_check(calloc(log->lane_count + 1, sizeof(*finder.next)));
	finder.created = alloc_check(calloc(log->lane_count + 1, sizeof(*finder.created)));
	finder.seen = alloc_check(calloc(finder.seen_size, sizeof(*finder.seen)));
	finder.begun = alloc_check(calloc(log->step_count + 1, sizeof(*finder.begun)));
	finder.again = alloc_check(calloc(log->step_count + 1, sizeof(*finder.again)));
	find_openers(&finder);
	find_again(&finder);
	find_by_object(&finder);
	find_receivers(&finder);
	find_exit(&finder);
	find_choices(&finder);
	if (out->count)
		qsort(out->all, out->count, sizeof(*out->all), by_place);
	free(finder.opener);
	free(finder.next);
	free(finder.created);
	free(finder.again);
	free(finder.begun);
	free(finder.seen);
}

void reversals_fini(struct reversals *reversals)
{
	free(reversals->all);
	memset(reversals, 0, sizeof(*reversals));
}

void conflicts_pairs(const struct run_log *log, void (*seen)(void *self, uint64_t pair), void *self)
{
	uint32_t *last = alloc_check(malloc((log->object_count + 1) * sizeof(*last)));
	size_t i;

	for (i = 0; i < log->object_count; i++)
		last[i] = NO_STEP;
	for (i = 0; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];

		if (!is_access(step) || !step->object || step->object >= log->object_count)
			continue;
		if (last[step->object] != NO_STEP &&
		    log->steps[last[step->object]].lane != step->lane &&
		    dependent(&log->steps[last[step->object]], step))
			seen(self, pair_of(log, &log->steps[last[step->object]], step));
		if (event_table[step->kind].access != ACCESS_READ)
			last[step->object] = (uint32_t)i;
	}
	free(last);
}
