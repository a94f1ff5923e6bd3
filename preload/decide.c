/*
 * Taking decisions. The prefix (a replay, or forced choices of a search) is consumed in order: its
 * next entry applies when its kind and its point (lane, k) are those of the decision at hand. Where
 * the prefix is silent the default holds; when it is used up the tail strategy decides.
 */
#include "preload/decide.h"

#include <errno.h>
#include <stddef.h>

#include "preload/log.h"
#include "preload/sched.h"
#include "preload/strategy.h"

static struct plan_run run;
static struct strategy_state strategy;
static const struct plan_prefix *prefix;
static uint32_t prefix_next, prefix_count;
static bool prefix_exhausted = true;
static struct plan_stop stop;
bool decide_stopping;
bool decide_script_active;

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

int decide_init(void)
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
	tail = decide_section(PLAN_STRATEGY, &length);
	read_prefix();
	if (process_index > 0) /* after an exec the prefix goes on where the last image stood */
		prefix_next = region->numbers.prefix < prefix_count ? region->numbers.prefix
								    : prefix_count;
	where = decide_section(PLAN_STOP, &length);
	if (where) {
		stop = *where;
		decide_stopping = true;
	}
	result = strategy_init(&strategy, tail ? tail : &natural);
	update_active();
	return result;
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
	strategy_init(&strategy, &(const struct plan_strategy){ .id = STRATEGY_NATURAL });
	update_active();
}

bool decide_chance(enum decision_kind kind)
{
	return !decide_scripted() && strategy.strategy->choose(&strategy, kind, 2) != 0;
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

/* The only lane that can run, or the choice of the strategy. */
static struct lane *ask_strategy(struct lane *me)
{
	bool able = me->state == LANE_RUNNABLE;
	struct strategy_pick pick = {
		.current = able ? me->slot : STRATEGY_NOBODY,
		.last = me->slot,
		.yielding = me->yielding,
		.count = schedule.runnable_count,
		.words = (schedule.lane_slots + 63) / 64,
		.runnable = schedule.runnable,
	};

	if (schedule.runnable_count == 1)
		return &lanes[strategy_nth(&pick, 0)];
	return &lanes[strategy.strategy->pick(&strategy, &pick)];
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

struct lane *decide_pick(struct lane *me)
{
	struct lane *lane = NULL;
	bool forced = false;

	if (schedule.runnable_count == 1)
		return me;
	if (!prefix_exhausted) {
		lane = forced_pick(me, DECISION_PICK);
		forced = lane != NULL;
		if (!lane && !prefix_exhausted)
			return me;
	}
	if (!lane && strategy.strategy == &strategy_script)
		return me;
	if (!lane)
		lane = ask_strategy(me);
	if (lane != me)
		log_pick(me, DECISION_PICK, lane, forced);
	return lane;
}

struct lane *decide_next(struct lane *me, bool idled)
{
	bool only = schedule.runnable_count == 1;
	struct lane *lane = NULL;
	bool forced = false;

	if (only && !idled)
		return ask_strategy(me);
	if (!prefix_exhausted) {
		lane = forced_pick(me, DECISION_NEXT);
		forced = lane != NULL;
		if (!lane && next_entry(me))
			decide_diverge(me,
				       "several threads can run where the recording had no choice");
	}
	if (!lane)
		lane = ask_strategy(me);
	log_pick(me, DECISION_NEXT, lane, forced || only);
	return lane;
}

uint32_t decide_lane(struct lane *me, enum decision_kind kind, const uint32_t *numbers,
		     uint32_t count)
{
	uint32_t index = 0;
	int64_t number;

	if (prefix_exhausted) {
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
	return index;
}

uint32_t decide_choose(struct lane *me, enum decision_kind kind, uint32_t count)
{
	int64_t choice = 0;
	bool forced = false;

	if (!prefix_exhausted)
		forced = decide_forced(me, kind, &choice);
	else
		choice = strategy.strategy->choose(&strategy, kind, count);
	if (choice < 0 || choice >= count) {
		decide_diverge(me, "a recorded choice does not exist here");
		choice = 0;
	}
	if (choice)
		log_decision(me, kind, choice, forced, NULL, 0);
	return (uint32_t)choice;
}

void decide_stop_check(struct lane *me)
{
	if (me->number != stop.lane || me->k < stop.k)
		return;
	decide_stopping = false;
	log_ask(MAILBOX_PAUSED, me->number, me->k);
}
