/*
 * The toy scheduler.
 */
#include "tests/unit/toy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "formats/hash.h"

uint64_t toy_lane_id(uint32_t lane)
{
	return hash_id(1, lane, 0);
}

uint64_t toy_object(char letter)
{
	return hash_id(2, (uint64_t)letter, 0);
}

void toy_start(struct strategy_state *state, uint32_t id, uint64_t seed, uint32_t slice)
{
	struct plan_strategy plan = { .id = id, .seed = seed, .slice = slice };

	assert_int_equal(strategy_init(state, &plan, NULL), 0);
}

static char next_step(const struct toy *toy, uint32_t lane)
{
	return toy->program[lane][toy->pc[lane]];
}

static bool can_run(const struct toy *toy, uint32_t lane)
{
	char step = next_step(toy, lane);

	return lane < toy->begun && step && !(step >= 'a' && step <= 'd' && toy->owner[step - 'a']);
}

static struct strategy_pending pending(const void *source, uint32_t slot)
{
	const struct toy *toy = source;
	char what = next_step(toy, slot);
	struct strategy_pending operation = {
		.lane = toy_lane_id(slot),
		.k = toy->k[slot],
		.parent = toy->parent[slot],
	};

	if (what >= 'a' && what <= 'd') {
		operation.kind = EVENT_MUTEX_LOCK;
		operation.object = toy_object(what);
	} else if (what >= 'A' && what <= 'D') {
		operation.kind = EVENT_MUTEX_UNLOCK;
		operation.object = toy_object((char)(what - 'A' + 'a'));
	} else if (what == 'x' || what == 'y') {
		operation.kind = EVENT_SEM_POST;
		operation.object = toy_object(what);
	} else if (what == 'r') {
		operation.kind = EVENT_RWLOCK_RDLOCK;
		operation.object = toy_object('x');
	} else if (what == '~' || what == '?') {
		operation.kind = EVENT_YIELD;
	} else if (what == 'z') {
		operation.kind = EVENT_SLEEP;
	} else if (what == '+') {
		operation.kind = EVENT_THREAD_CREATE;
	}
	return operation;
}

static struct strategy_pick survey(const struct toy *toy, uint32_t last, uint64_t *runnable)
{
	struct strategy_pick pick = {
		.last = last,
		.words = (toy->begun + 63) / 64,
		.runnable = runnable,
		.pending = pending,
		.source = toy,
	};
	uint32_t i;

	memset(runnable, 0, 8 * (size_t)pick.words);
	for (i = 0; i < toy->begun; i++)
		if (can_run(toy, i)) {
			runnable[i / 64] |= 1ull << i % 64;
			pick.count++;
		}
	pick.current = can_run(toy, last) ? last : STRATEGY_NOBODY;
	if (pick.current != STRATEGY_NOBODY)
		pick.yielding = strchr("~?", next_step(toy, last)) != NULL;
	return pick;
}

static void step(struct toy *toy, uint32_t lane)
{
	char what = next_step(toy, lane);

	if (what >= 'a' && what <= 'd') {
		toy->owner[what - 'a'] = (int)lane + 1;
	} else if (what >= 'A' && what <= 'D') {
		toy->owner[what - 'A'] = 0;
	} else if (what == '!') {
		toy->flag = true;
	} else if (what == '+') {
		assert_true(toy->begun < toy->lanes);
		toy->parent[toy->begun++] = lane;
	}
	if (what == toy->watched) {
		size_t n = strlen(toy->written);

		assert_true(n + 1 < sizeof toy->written);
		toy->written[n] = (char)('0' + lane);
	}
	if ((what != '?' && what != '^') || toy->flag)
		toy->pc[lane]++;
	toy->k[lane]++;
	if (toy->steps < TOY_ORDER)
		toy->order[toy->steps] = (uint8_t)lane;
	toy->steps++;
}

/* The lane that goes on, and what that was. */
static uint32_t ask(struct toy *toy, struct strategy_state *state, const struct strategy_pick *pick)
{
	bool going = pick->current != STRATEGY_NOBODY && !pick->yielding;
	uint32_t lane;

	if (pick->count == 1) {
		lane = strategy_nth(pick, 0);
		if (state->strategy->note)
			state->strategy->note(state, pick, lane);
		return lane;
	}
	lane = state->strategy->pick(state, pick);
	assert_true(lane < toy->begun);
	assert_true(pick->runnable[lane / 64] >> lane % 64 & 1);
	toy->choices++;
	toy->preemptions += going && lane != pick->last;
	toy->delays += lane != (going ? pick->current : strategy_next(pick, pick->last));
	return lane;
}

void toy_run(struct toy *toy, struct strategy_state *state)
{
	uint64_t runnable[(TOY_LANES + 63) / 64];
	uint32_t last = 0, lane, in_a_row = 0;

	toy->begun = toy->first ? toy->first : toy->lanes;
	for (lane = 0; lane < toy->begun; lane++)
		toy->parent[lane] = STRATEGY_NOBODY;
	while (toy->steps < TOY_STEPS) {
		struct strategy_pick pick = survey(toy, last, runnable);

		if (pick.count == 0)
			break;
		lane = ask(toy, state, &pick);
		toy->switches += lane != last;
		in_a_row = lane == last ? in_a_row + 1 : 1;
		if (in_a_row > toy->most_in_a_row && pick.count > 1)
			toy->most_in_a_row = in_a_row;
		step(toy, lane);
		last = lane;
	}
	for (lane = 0; lane < toy->lanes; lane++)
		toy->deadlock = toy->deadlock || lane >= toy->begun || next_step(toy, lane);
}
