/*
 * Taking decisions. The prefix (a replay, or forced choices of a search) is consumed in order: its
 * next entry applies when its kind and its point (lane, k) are those of the decision at hand. Where
 * the prefix is silent the default holds; when it is used up the tail strategy decides.
 */
#include "preload/decide.h"

#include <errno.h>
#include <stddef.h>

#include "preload/log.h"
#include "preload/loose.h"
#include "preload/sched.h"
#include "preload/sites.h"
#include "preload/spin.h"
#include "preload/strategy.h"

#define TURN 64 /* operations, unless the lane blocks or asks others to go first */

static struct plan_run run SMALL;
static struct strategy_state strategy;
static const struct plan_prefix *prefix;
static uint32_t prefix_next, prefix_count;
static bool prefix_exhausted = true;
static struct plan_stop stop SMALL;
/* schedule.steps after which lanes take turns, and do so: see begin_turns() */
static uint64_t turns_from SMALL;
static bool turns SMALL;
bool decide_stopping;
bool decide_script_active;
bool decide_noting;

const struct plan_run *decide_run(void)
{
	return &run;
}

const void *decide_section(enum plan_type type, uint32_t *length)
{
	uint32_t at = 0, total = region->plan.length;

	while (at + sizeof(struct plan_section) <= total) {
		const struct plan_section *section =
			(const struct plan_section *)(region->plan.bytes + at);

		if (section->type == PLAN_END)
			break;
		if (section->type == type) {
			*length = section->length;
			return section + 1;
		}
		at += (uint32_t)sizeof *section + ((section->length + 7) & ~7u);
	}
	*length = 0;
	return NULL;
}

static void update_active(void)
{
	decide_script_active = !prefix_exhausted || strategy.strategy == &strategy_script;
	decide_noting = strategy.strategy && strategy.strategy->note;
}

static void read_prefix(void)
{
	uint32_t length;

	prefix = decide_section(PLAN_PREFIX, &length);
	prefix_next = 0;
	prefix_count = prefix ? prefix->count : 0;
	prefix_exhausted = prefix_count == 0;
	update_active();
}

/* After so many points at private sites in a row the strategy is asked: somebody may wait. */
#define PRIVATE_IN_A_ROW 256
static uint32_t private_in_a_row;

static void read_sites(void)
{
	uint32_t length;
	const uint64_t *sites = decide_section(PLAN_PRIVATE_SITES, &length);

	private_in_a_row = 0;
	sites_init(sites, length / sizeof *sites);
}

/* Does the lane that asks simply go on, as nobody could see the difference? */
static bool goes_on(const struct lane *me, bool unseen)
{
	if (!unseen || me->yielding || ++private_in_a_row == PRIVATE_IN_A_ROW) {
		private_in_a_row = 0;
		return false;
	}
	return true;
}

/* Counts of an earlier run, NULL when the plan has none (or cuts them off). */
static const struct plan_profile *read_profile(void)
{
	uint32_t length;
	const struct plan_profile *profile = decide_section(PLAN_PROFILE, &length);

	if (!profile || length < sizeof *profile ||
	    (length - sizeof *profile) / sizeof *profile->rows < profile->count)
		return NULL;
	return profile;
}

static int read_plan(void)
{
	static const struct plan_strategy natural = { .id = STRATEGY_NATURAL };
	const struct plan_strategy *tail;
	const struct plan_run *given;
	const struct plan_stop *where;
	uint32_t length;
	int result;

	given = decide_section(PLAN_RUN, &length);
	if (!given || length < sizeof *given)
		return -EINVAL;
	run = *given;
	schedule.step_limit = run.step_budget ? run.step_budget : UINT64_MAX;
	turns_from = run.flags & PLAN_RUN_EXPLORE ? schedule.step_limit / 2 : UINT64_MAX;
	turns = false;
	tail = decide_section(PLAN_STRATEGY, &length);
	read_prefix();
	read_sites();
	loose_read();
	where = decide_section(PLAN_STOP, &length);
	if (where) {
		stop = *where;
		decide_stopping = true;
	}
	result = strategy_init(&strategy, tail ? tail : &natural, read_profile());
	update_active();
	return result;
}

int decide_init(void)
{
	int result = read_plan();

	if (process_index > 0) /* after an exec the prefix goes on where the last image stood */
		prefix_next = region->numbers.prefix < prefix_count ? region->numbers.prefix
								    : prefix_count;
	return result;
}

void decide_restart(void)
{
	read_plan();
}

/*
 * The next entry, after asking the CLI for more when this part is used up. NULL: no prefix any
 * more.
 */
static const struct plan_decision *next_entry(struct lane *me)
{
	if (prefix_exhausted)
		return NULL;
	if (prefix_next == prefix_count) {
		if (prefix->more && log_ask(MAILBOX_PLAN_REQUEST, me->number, me->k) == 0) {
			read_prefix();
			read_sites(); /* they may have moved */
			region->numbers.prefix = 0;
		} else {
			prefix_exhausted = true;
			update_active();
		}
		if (prefix_exhausted)
			return NULL;
	}
	return &prefix->decisions[prefix_next];
}

bool decide_exhausted(void)
{
	return prefix_exhausted;
}

bool decide_due(const struct lane *me)
{
	const struct plan_decision *entry;

	if (prefix_exhausted)
		return false;
	if (prefix_next == prefix_count)
		return true; /* the CLI has to be asked */
	entry = &prefix->decisions[prefix_next];
	return entry->lane == me->number && entry->k == me->k;
}

bool decide_expects(struct lane *me, enum decision_kind kind, int64_t *choice)
{
	const struct plan_decision *entry = next_entry(me);

	if (!entry || entry->kind != kind || entry->lane != me->number || entry->k != me->k)
		return false;
	*choice = entry->choice;
	return true;
}

bool decide_forced(struct lane *me, enum decision_kind kind, int64_t *choice)
{
	if (!decide_expects(me, kind, choice))
		return false;
	region->numbers.prefix = ++prefix_next;
	return true;
}

void decide_diverge(struct lane *me, const char *text)
{
	if (!(run.flags & PLAN_RUN_FOLLOW) && (run.flags & PLAN_RUN_REPLAY))
		sched_fail(me, VERDICT_DIVERGED, text);
	if (!prefix_exhausted)
		log_note(NOTE_INEXACT, me->number, text);
	prefix_exhausted = true;
	/* A search goes on with the strategy of its plan. */
	if (strategy.strategy == &strategy_script)
		strategy_init(&strategy, &(const struct plan_strategy){ .id = STRATEGY_NATURAL },
			      NULL);
	update_active();
}

static inline bool exploring(void)
{
	return run.flags & PLAN_RUN_EXPLORE;
}

/* Writes down that the default was taken where these lanes could have been chosen. */
static void offer_lanes(struct lane *me, enum decision_kind kind, const struct lane *const *of,
			uint32_t count)
{
	static uint64_t set[LANE_WORDS]; /* one user at a time */
	uint32_t words = (schedule.lane_slots + 63) / 64, i;

	for (i = 0; i < words; i++)
		set[i] = 0;
	for (i = 0; i < count; i++)
		if (of[i])
			set[of[i]->slot / 64] |= 1ull << (of[i]->slot % 64);
	log_offer(me, kind, set, words);
}

bool decide_chance(struct lane *me, enum decision_kind kind, const struct lane *whom)
{
	int64_t choice;

	if (decide_scripted())
		return false;
	if (loose_forced(me, kind, &choice))
		return choice == (whom ? (int64_t)whom->number : 0);
	if (strategy.strategy->choose(&strategy, kind, 2) != 0)
		return true;
	if (exploring())
		offer_lanes(me, kind, &whom, 1);
	return false;
}

bool decide_clock_choices(void)
{
	return decide_scripted() || strategy.strategy != &strategy_natural;
}

static struct lane *forced_pick(struct lane *me, enum decision_kind kind)
{
	struct lane *lane;
	int64_t choice;

	if (!decide_forced(me, kind, &choice))
		return NULL;
	lane = lane_by_number((uint32_t)choice);
	if (lane && lane->state == LANE_RUNNABLE)
		return lane;
	decide_diverge(me, "the thread that went on in the recording cannot run here");
	return NULL;
}

static struct strategy_pending pending_of(const void *source, uint32_t slot)
{
	const struct lane *lane = (const struct lane *)source + slot;
	const struct lane *parent = lane->parent;

	return (struct strategy_pending){
		.lane = lane->id_hash,
		.object = lane->object ? lane->object->id_hash : 0,
		.k = lane->k,
		.stage = lane->stage,
		.kind = lane->kind,
		.parent = parent && parent->number == lane->parent_number ? parent->slot
									  : STRATEGY_NOBODY,
	};
}

static struct strategy_pick question(struct lane *me)
{
	bool able = me->state == LANE_RUNNABLE;

	return (struct strategy_pick){
		.current = able ? me->slot : STRATEGY_NOBODY,
		.last = me->slot,
		.yielding = me->yielding,
		.count = schedule.runnable_count,
		.words = (schedule.lane_slots + 63) / 64,
		.runnable = schedule.runnable,
		.pending = pending_of,
		.source = lanes,
	};
}

/* A lane goes on without a question to the strategy. */
static void note(struct lane *me, const struct lane *lane, bool unseen)
{
	struct strategy_pick pick = question(me);

	pick.unseen = unseen;
	strategy.strategy->note(&strategy, &pick, lane->slot);
}

void decide_note(struct lane *me)
{
	note(me, me, false);
}

/* Leaves lanes out that would look in vain at what they wait for, if others remain. */
static void leave_idle_out(struct strategy_pick *pick)
{
	static uint64_t left[LANE_WORDS]; /* one user at a time */
	uint32_t count = 0, word;

	for (word = 0; word < pick->words; word++) {
		uint64_t bits = pick->runnable[word];

		left[word] = bits;
		for (; bits; bits &= bits - 1) {
			uint32_t bit = (uint32_t)__builtin_ctzll(bits);

			if (spin_is_idle(&lanes[word * 64 + bit]))
				left[word] &= ~(1ull << bit);
		}
		count += (uint32_t)__builtin_popcountll(left[word]);
	}
	if (count == 0)
		return;
	pick->runnable = left;
	pick->count = count;
	if (pick->current != STRATEGY_NOBODY &&
	    !(left[pick->current / 64] >> pick->current % 64 & 1))
		pick->current = STRATEGY_NOBODY;
}

/*
 * A livelock is no matter of a schedule that lets lanes go on that wait, and not the one for which
 * they wait: half of the steps of a run in a search are for its strategy, in the other half all
 * lanes that can run take turns (a fair schedule, as in Musuvathi and Qadeer, "Fair stateless model
 * checking", PLDI'08). A run that comes to its end then was a slow one.
 */
static void begin_turns(void)
{
	turns = true;
	strategy_init(&strategy,
		      &(const struct plan_strategy){ .id = STRATEGY_NATURAL, .slice = TURN }, NULL);
	update_active();
}

/* The only lane that can run, or the choice of the strategy. */
static struct lane *ask_strategy(struct lane *me, bool unseen)
{
	struct strategy_pick pick = question(me);
	struct lane *lane;

	if (__builtin_expect(schedule.steps > turns_from && !turns, 0))
		begin_turns();
	pick.unseen = unseen;
	if (schedule.steps < schedule.spin_until && schedule.runnable_count > 1)
		leave_idle_out(&pick);
	if (pick.count > 1)
		return &lanes[strategy.strategy->pick(&strategy, &pick)];
	lane = &lanes[strategy_nth(&pick, 0)];
	if (turns && lane != me)
		strategy.used = 0; /* that is a new turn, too */
	if (decide_noting)
		note(me, lane, false);
	return lane;
}

static void log_pick(struct lane *me, enum decision_kind kind, const struct lane *lane, bool forced)
{
	static uint32_t options[REGION_LANES]; /* too large for small stacks; one user at a time */
	uint32_t count = 0, word;

	for (word = 0; word < (schedule.lane_slots + 63) / 64; word++) {
		uint64_t bits = schedule.runnable[word];

		for (; bits; bits &= bits - 1)
			options[count++] =
				lanes[word * 64 + (uint32_t)__builtin_ctzll(bits)].number;
	}
	log_decision(me, kind, lane->number, forced, options, count);
}

/*
 * Behind a change of its schedule a run may come to other places than the one that it was taken
 * from. The rest of the plan does not fit when the place of the next entry was passed, or when a
 * lane waits in vain for another, which the plan would let do so for ever.
 */
static void check_prefix(struct lane *me)
{
	const struct plan_decision *entry = next_entry(me);

	if (!entry || (run.flags & PLAN_RUN_REPLAY))
		return;
	if ((entry->lane == me->number && entry->k < me->k) || spin_is_lost(me) ||
	    schedule.steps > turns_from ||
	    (run.prefix_budget && schedule.steps > run.prefix_budget))
		decide_diverge(me, "the place of the next choice does not come");
}

/*
 * The forced lane, the choice of the strategy, or `me` where both are silent, or are not asked
 * because nobody could see a difference (`private`).
 */
static struct lane *pick(struct lane *me, bool *forced, bool *private)
{
	struct lane *lane = NULL;
	bool unseen;

	if (!prefix_exhausted)
		check_prefix(me);
	if (!prefix_exhausted) {
		lane = forced_pick(me, DECISION_PICK);
		*forced = lane != NULL;
		if (!lane && !prefix_exhausted)
			lane = me;
		if (lane && decide_noting)
			note(me, lane, false);
	}
	if (!lane && strategy.strategy == &strategy_script)
		return me;
	if (!lane)
		lane = loose_lane(me, DECISION_PICK);
	unseen = !lane && sites_private(me->context);
	if (!lane && goes_on(me, unseen)) {
		if (decide_noting)
			note(me, me, true);
		*private = true;
		return me;
	}
	return lane ? lane : ask_strategy(me, unseen);
}

struct lane *decide_pick(struct lane *me)
{
	bool forced = false, private = false;
	struct lane *lane;

	if (schedule.runnable_count == 1)
		return me;
	lane = pick(me, &forced, &private);
	if (lane != me)
		log_pick(me, DECISION_PICK, lane, forced);
	else if (exploring() && !private)
		log_offer(me, DECISION_PICK, schedule.runnable, (schedule.lane_slots + 63) / 64);
	return lane;
}

struct lane *decide_next(struct lane *me, bool idled)
{
	bool only = schedule.runnable_count == 1;
	struct lane *lane = NULL;
	bool forced = false;

	if (only && !idled)
		return ask_strategy(me, false);
	if (!prefix_exhausted) {
		lane = forced_pick(me, DECISION_NEXT);
		forced = lane != NULL;
		if (!lane && next_entry(me))
			decide_diverge(me,
				       "several threads can run where the recording had no choice");
		if (lane && decide_noting)
			note(me, lane, false);
	}
	if (!lane)
		lane = loose_lane(me, DECISION_NEXT);
	if (!lane)
		lane = ask_strategy(me, false);
	log_pick(me, DECISION_NEXT, lane, forced || only);
	return lane;
}

uint32_t decide_lane(struct lane *me, enum decision_kind kind, struct lane *const *of,
		     const uint32_t *numbers, uint32_t count)
{
	uint32_t index = 0;
	int64_t number;

	if (loose_forced(me, kind, &number)) {
		while (index < count && numbers[index] != number)
			index++;
		index = index < count ? index : 0;
	} else if (prefix_exhausted) {
		index = strategy.strategy->choose(&strategy, kind, count);
	} else if (decide_forced(me, kind, &number)) {
		while (index < count && numbers[index] != number)
			index++;
	}
	if (index >= count) {
		decide_diverge(me, "the thread that was woken in the recording does not wait here");
		index = 0;
	}
	if (index)
		log_decision(me, kind, numbers[index], decide_scripted(), numbers, count);
	else if (exploring())
		offer_lanes(me, kind, (const struct lane *const *)of, count);
	return index;
}

uint32_t decide_choose(struct lane *me, enum decision_kind kind, uint32_t count)
{
	int64_t choice = 0;
	bool forced = false;

	if (!prefix_exhausted)
		forced = decide_forced(me, kind, &choice);
	else if (!loose_forced(me, kind, &choice))
		choice = strategy.strategy->choose(&strategy, kind, count);
	if (choice < 0 || choice >= count) {
		decide_diverge(me, "a recorded choice does not exist here");
		choice = 0;
	}
	if (choice)
		log_decision(me, kind, choice, forced, NULL, 0);
	else if (exploring())
		log_offer(me, kind, NULL, 0);
	return (uint32_t)choice;
}

void decide_stop_check(struct lane *me)
{
	if (me->number != stop.lane || me->k < stop.k)
		return;
	decide_stopping = false;
	log_ask(MAILBOX_PAUSED, me->number, me->k);
}
