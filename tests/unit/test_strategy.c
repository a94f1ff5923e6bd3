/*
 * Strategies against a toy scheduler: lanes are lists of steps on locks and a flag, and nothing of
 * the runtime but the strategy decides who goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "preload/strategy.h"

#define MOST_LANES 130 /* three words of bits */
#define MOST_STEPS 4096

/*
 * A step is a letter: '.' works, 'a'..'d' take a lock, 'A'..'D' give it back, '~' yields, '?'
 * yields until the flag is set, '!' sets it.
 */
struct toy {
	const char *program[MOST_LANES];
	uint32_t pc[MOST_LANES];
	uint32_t lanes, steps, switches;
	int owner[4]; /* lane + 1 */
	bool flag, deadlock;
	uint8_t order[MOST_STEPS]; /* who did the n-th step */
	uint32_t most_in_a_row;
};

static bool is_done(const struct toy *toy, uint32_t lane)
{
	return toy->program[lane][toy->pc[lane]] == '\0';
}

static bool can_run(const struct toy *toy, uint32_t lane)
{
	char step = toy->program[lane][toy->pc[lane]];

	return step && !(step >= 'a' && step <= 'd' && toy->owner[step - 'a']);
}

static struct strategy_pick survey(const struct toy *toy, uint32_t last, uint64_t *runnable)
{
	struct strategy_pick pick = { .last = last, .words = (toy->lanes + 63) / 64 };
	uint32_t i;

	memset(runnable, 0, 8 * (size_t)pick.words);
	for (i = 0; i < toy->lanes; i++)
		if (can_run(toy, i)) {
			runnable[i / 64] |= 1ull << i % 64;
			pick.count++;
		}
	pick.runnable = runnable;
	pick.current = can_run(toy, last) ? last : STRATEGY_NOBODY;
	if (pick.current != STRATEGY_NOBODY)
		pick.yielding = strchr("~?", toy->program[last][toy->pc[last]]) != NULL;
	return pick;
}

static void step(struct toy *toy, uint32_t lane)
{
	char what = toy->program[lane][toy->pc[lane]];

	if (what >= 'a' && what <= 'd')
		toy->owner[what - 'a'] = (int)lane + 1;
	else if (what >= 'A' && what <= 'D')
		toy->owner[what - 'A'] = 0;
	else if (what == '!')
		toy->flag = true;
	if (what != '?' || toy->flag)
		toy->pc[lane]++;
	toy->order[toy->steps++] = (uint8_t)lane;
}

static void start(struct strategy_state *state, uint32_t id, uint64_t seed, uint32_t slice)
{
	struct plan_strategy plan = { .id = id, .seed = seed, .slice = slice };

	assert_int_equal(strategy_init(state, &plan, NULL), 0);
}

/* Runs all lanes to their ends, or to a deadlock; the strategy is asked before each step. */
static void run(struct toy *toy, struct strategy_state *state)
{
	uint64_t runnable[(MOST_LANES + 63) / 64];
	uint32_t last = 0, lane, in_a_row = 0;

	while (toy->steps < MOST_STEPS) {
		struct strategy_pick pick = survey(toy, last, runnable);

		if (pick.count == 0)
			break;
		lane = state->strategy->pick(state, &pick);
		assert_true(lane < toy->lanes);
		assert_true(runnable[lane / 64] >> lane % 64 & 1);
		toy->switches += lane != last;
		in_a_row = lane == last ? in_a_row + 1 : 1;
		if (in_a_row > toy->most_in_a_row && pick.count > 1)
			toy->most_in_a_row = in_a_row;
		step(toy, lane);
		last = lane;
	}
	for (lane = 0; lane < toy->lanes; lane++)
		toy->deadlock = toy->deadlock || !is_done(toy, lane);
}

static void every_program_ends(void **unused)
{
	static const uint32_t ids[] = { STRATEGY_NATURAL, STRATEGY_RANDOM };
	uint32_t i, lane, lanes;
	uint64_t seed;

	(void)unused;
	for (i = 0; i < 2; i++)
		for (seed = 0; seed < 50; seed++)
			for (lanes = 1; lanes <= MOST_LANES; lanes = lanes * 3 + 1) {
				struct toy toy = { .lanes = lanes };
				struct strategy_state state;

				for (lane = 0; lane < lanes; lane++)
					toy.program[lane] = lane % 2 ? "a.b.BA.." : "..a.A~c.C";
				start(&state, ids[i], seed, 0);
				run(&toy, &state);
				assert_false(toy.deadlock);
				assert_int_equal(toy.steps,
						 9 * (lanes - lanes / 2) + 8 * (lanes / 2));
			}
}

static void a_seed_is_a_schedule(void **unused)
{
	uint32_t differ = 0;
	uint64_t seed;

	(void)unused;
	for (seed = 0; seed < 100; seed++) {
		struct toy toy[3];
		struct strategy_state state;
		uint32_t i;

		for (i = 0; i < 3; i++) {
			toy[i] = (struct toy){ .lanes = 3,
					       .program = { "a.....A", "a..A...", "......." } };
			start(&state, STRATEGY_RANDOM, seed + (i == 2), 0);
			run(&toy[i], &state);
		}
		assert_memory_equal(toy[0].order, toy[1].order, sizeof toy[0].order);
		differ += memcmp(toy[0].order, toy[2].order, sizeof toy[0].order) != 0;
	}
	assert_true(differ >= 99);
}

/* Two lanes of three steps have 20 interleavings; 2,000 seeds miss one with probability 1e-13. */
static void random_finds_every_interleaving(void **unused)
{
	bool seen[64] = { false };
	uint32_t i, found = 0;
	uint64_t seed;

	(void)unused;
	for (seed = 0; seed < 2000; seed++) {
		struct toy toy = { .lanes = 2, .program = { "...", "..." } };
		struct strategy_state state;
		uint32_t order = 0;

		start(&state, STRATEGY_RANDOM, seed, 0);
		run(&toy, &state);
		assert_int_equal(toy.steps, 6);
		for (i = 0; i < 6; i++)
			order = order * 2 + toy.order[i];
		found += !seen[order];
		seen[order] = true;
	}
	assert_int_equal(found, 20);
}

static void random_finds_the_deadlock_and_natural_does_not(void **unused)
{
	uint32_t deadlocks = 0;
	uint64_t seed;

	(void)unused;
	for (seed = 0; seed < 1000; seed++) {
		struct toy toy = { .lanes = 2, .program = { "a.b..BA", "b.a..AB" } };
		struct strategy_state state;

		start(&state, STRATEGY_RANDOM, seed, 0);
		run(&toy, &state);
		deadlocks += toy.deadlock;
	}
	assert_in_range(deadlocks, 300, 900);
	for (seed = 0; seed < 10; seed++) {
		struct toy toy = { .lanes = 2, .program = { "a.b..BA", "b.a..AB" } };
		struct strategy_state state;

		start(&state, STRATEGY_NATURAL, seed, 0);
		run(&toy, &state);
		assert_false(toy.deadlock);
	}
}

/* Everybody spins for a flag that the last lane sets after some work. */
static void yielding_is_fair(void **unused)
{
	static const uint32_t ids[] = { STRATEGY_NATURAL, STRATEGY_RANDOM };
	uint32_t i, lane;
	uint64_t seed;

	(void)unused;
	for (i = 0; i < 2; i++)
		for (seed = 0; seed < 20; seed++) {
			struct toy toy = { .lanes = 8 };
			struct strategy_state state;

			for (lane = 0; lane < 7; lane++)
				toy.program[lane] = "?.";
			toy.program[7] = "~.~.~.~.!";
			start(&state, ids[i], seed, 0);
			run(&toy, &state);
			assert_false(toy.deadlock);
		}
}

static void natural_keeps_to_its_slice(void **unused)
{
	static char work[101];
	struct toy toy = { .lanes = 3, .program = { work, work, work } };
	struct strategy_state state;

	(void)unused;
	memset(work, '.', 100);
	start(&state, STRATEGY_NATURAL, 0, 10);
	run(&toy, &state);
	assert_int_equal(toy.steps, 300);
	assert_true(toy.most_in_a_row <= 10);
	assert_in_range(toy.switches, 27, 32);

	/* Without a slice a lane goes on as long as it can. */
	toy = (struct toy){ .lanes = 3, .program = { work, work, work } };
	start(&state, STRATEGY_NATURAL, 0, 0);
	run(&toy, &state);
	assert_int_equal(toy.switches, 2);
}

static void script_goes_on_by_default(void **unused)
{
	struct toy toy = { .lanes = 3, .program = { "....a.A", "a....A", "...." } };
	struct strategy_state state;

	(void)unused;
	start(&state, STRATEGY_SCRIPT, 0, 0);
	run(&toy, &state);
	assert_false(toy.deadlock);
	assert_int_equal(toy.switches, 2);
}

static void random_picks_evenly(void **unused)
{
	uint64_t runnable[3] = { 0x8000000000000001ull, 0, 0x3 };
	struct strategy_pick pick = {
		.current = 0, .last = 0, .count = 4, .words = 3, .runnable = runnable
	};
	uint32_t hits[MOST_LANES] = { 0 }, i;
	struct strategy_state state;

	(void)unused;
	start(&state, STRATEGY_RANDOM, 1, 0);
	for (i = 0; i < 40000; i++)
		hits[state.strategy->pick(&state, &pick)]++;
	assert_in_range(hits[0], 9700, 10300);
	assert_in_range(hits[63], 9700, 10300);
	assert_in_range(hits[128], 9700, 10300);
	assert_in_range(hits[129], 9700, 10300);
}

static uint32_t others_chosen(struct strategy_state *state, enum decision_kind kind, uint32_t count)
{
	uint32_t i, others = 0;

	for (i = 0; i < 64000; i++) {
		uint32_t choice = state->strategy->choose(state, kind, count);

		assert_true(choice < count);
		others += choice != 0;
	}
	return others;
}

static void what_need_not_happen_is_rare(void **unused)
{
	struct plan_strategy plan = { .id = STRATEGY_RANDOM, .seed = 5 };
	struct strategy_state state;

	(void)unused;
	start(&state, STRATEGY_RANDOM, 5, 0);
	assert_in_range(others_chosen(&state, DECISION_TIMEOUT, 2), 850, 1150);
	assert_in_range(others_chosen(&state, DECISION_EARLY, 2), 850, 1150);
	/* A try-operation does not fail on an object that is free. */
	assert_int_equal(others_chosen(&state, DECISION_TRYLOCK, 2), 0);
	/* Whom to wake is a choice among equals. */
	assert_in_range(others_chosen(&state, DECISION_SIGNAL, 4), 47000, 49000);
	plan.parameters[0] = 0xffffffffu;
	assert_int_equal(strategy_init(&state, &plan, NULL), 0);
	assert_int_equal(others_chosen(&state, DECISION_SPURIOUS, 2), 0);
	start(&state, STRATEGY_NATURAL, 5, 0);
	assert_int_equal(others_chosen(&state, DECISION_SIGNAL, 4), 0);
	start(&state, STRATEGY_SCRIPT, 5, 0);
	assert_int_equal(others_chosen(&state, DECISION_TRYLOCK, 2), 0);
}

static void sets_of_lanes(void **unused)
{
	uint64_t runnable[3] = { 0, 1ull << 5 | 1ull << 63, 1 };
	struct strategy_pick pick = { .count = 3, .words = 3, .runnable = runnable };

	(void)unused;
	assert_int_equal(strategy_nth(&pick, 0), 69);
	assert_int_equal(strategy_nth(&pick, 1), 127);
	assert_int_equal(strategy_nth(&pick, 2), 128);
	assert_int_equal(strategy_nth(&pick, 3), STRATEGY_NOBODY);
	assert_int_equal(strategy_next(&pick, STRATEGY_NOBODY), 69);
	assert_int_equal(strategy_next(&pick, 69), 127);
	assert_int_equal(strategy_next(&pick, 127), 128);
	assert_int_equal(strategy_next(&pick, 128), 69);
	assert_int_equal(strategy_next(&pick, 191), 69);
	/* All the way around to itself. */
	runnable[1] = 0;
	assert_int_equal(strategy_next(&pick, 128), 128);
	runnable[2] = 0;
	assert_int_equal(strategy_next(&pick, 128), STRATEGY_NOBODY);
}

static void numbers_below(void **unused)
{
	struct strategy_state state = { .random = 99 };
	uint32_t hits[7] = { 0 }, i;

	(void)unused;
	for (i = 0; i < 70000; i++)
		hits[strategy_below(&state, 7)]++;
	for (i = 0; i < 7; i++)
		assert_in_range(hits[i], 9600, 10400);
	for (i = 0; i < 100; i++) {
		assert_int_equal(strategy_below(&state, 1), 0);
		assert_true(strategy_below(&state, 0x80000001u) <= 0x80000000u);
	}
}

static void the_table_is_complete(void **unused)
{
	struct plan_strategy plan = { .id = STRATEGY_COUNT };
	struct strategy_state state;
	uint32_t i, j;

	(void)unused;
	assert_int_equal(strategy_init(&state, &plan, NULL), -22);
	for (i = 0; i < STRATEGY_COUNT; i++) {
		assert_non_null(strategy_table[i]);
		assert_true(strategy_table[i]->name[0] != '\0');
		for (j = 0; j < i; j++)
			assert_string_not_equal(strategy_table[i]->name, strategy_table[j]->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_program_ends),
		cmocka_unit_test(a_seed_is_a_schedule),
		cmocka_unit_test(random_finds_every_interleaving),
		cmocka_unit_test(random_finds_the_deadlock_and_natural_does_not),
		cmocka_unit_test(yielding_is_fair),
		cmocka_unit_test(natural_keeps_to_its_slice),
		cmocka_unit_test(script_goes_on_by_default),
		cmocka_unit_test(random_picks_evenly),
		cmocka_unit_test(what_need_not_happen_is_rare),
		cmocka_unit_test(sets_of_lanes),
		cmocka_unit_test(numbers_below),
		cmocka_unit_test(the_table_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
