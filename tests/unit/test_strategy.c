/*
 * Strategies against a toy scheduler: what holds for all of them, and natural, random and script.
 * What the samplers promise is in test_samplers.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/toy.h"

/* All that search. */
static const uint32_t ids[] = { STRATEGY_NATURAL, STRATEGY_RANDOM, STRATEGY_PCT, STRATEGY_POS,
				STRATEGY_SURW,    STRATEGY_PB,     STRATEGY_DB,  STRATEGY_BETWEEN };
#define IDS (sizeof ids / sizeof *ids)

static void every_program_ends(void **unused)
{
	uint32_t i, lane, lanes;
	uint64_t seed;

	(void)unused;
	for (i = 0; i < IDS; i++)
		for (seed = 0; seed < 50; seed++)
			for (lanes = 1; lanes <= TOY_LANES; lanes = lanes * 3 + 1) {
				struct toy toy = { .lanes = lanes };
				struct strategy_state state;

				for (lane = 0; lane < lanes; lane++)
					toy.program[lane] = lane % 2 ? "a.b.BA.." : "..a.A~c.C";
				toy_start(&state, ids[i], seed, 0);
				toy_run(&toy, &state);
				assert_false(toy.deadlock);
				assert_int_equal(toy.steps,
						 9 * (lanes - lanes / 2) + 8 * (lanes / 2));
			}
}

/* Whatever was in the state before. */
static uint32_t count_different(uint32_t id)
{
	static struct strategy_state state;
	uint32_t differ = 0, i;
	uint64_t seed;

	for (seed = 0; seed < 100; seed++) {
		struct toy toy[3];

		for (i = 0; i < 3; i++) {
			toy[i] = (struct toy){ .lanes = 3,
					       .program = { "a...~x.A", "axz.A...", "....x..." } };
			memset(&state, i ? 0xa5 : 0, sizeof state);
			toy_start(&state, id, seed + (i == 2), 0);
			toy_run(&toy[i], &state);
		}
		assert_memory_equal(toy[0].order, toy[1].order, sizeof toy[0].order);
		differ += memcmp(toy[0].order, toy[2].order, sizeof toy[0].order) != 0;
		/* A second run goes as the first one. */
		toy_start(&state, id, seed, 0);
		toy[2] = (struct toy){ .lanes = 3,
				       .program = { "a...~x.A", "axz.A...", "....x..." } };
		toy_run(&toy[2], &state);
		assert_memory_equal(toy[0].order, toy[2].order, sizeof toy[0].order);
	}
	return differ;
}

static void a_seed_is_a_schedule(void **unused)
{
	(void)unused;
	assert_int_equal(count_different(STRATEGY_NATURAL), 0);
	assert_true(count_different(STRATEGY_RANDOM) >= 99);
	assert_true(count_different(STRATEGY_PCT) >= 30);
	assert_true(count_different(STRATEGY_POS) >= 95);
	assert_true(count_different(STRATEGY_SURW) >= 95);
	count_different(STRATEGY_PB);
	count_different(STRATEGY_DB);
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

		toy_start(&state, STRATEGY_RANDOM, seed, 0);
		toy_run(&toy, &state);
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

		toy_start(&state, STRATEGY_RANDOM, seed, 0);
		toy_run(&toy, &state);
		deadlocks += toy.deadlock;
	}
	assert_in_range(deadlocks, 300, 900);
	for (seed = 0; seed < 10; seed++) {
		struct toy toy = { .lanes = 2, .program = { "a.b..BA", "b.a..AB" } };
		struct strategy_state state;

		toy_start(&state, STRATEGY_NATURAL, seed, 0);
		toy_run(&toy, &state);
		assert_false(toy.deadlock);
	}
}

/* Everybody spins for a flag that the last lane sets after some work. */
static void nobody_starves_behind(const char *spin, uint64_t seeds, uint32_t most)
{
	static struct strategy_state state;
	uint32_t i, lane;
	uint64_t seed;

	for (i = 0; i < IDS; i++)
		for (seed = 0; seed < seeds; seed++) {
			struct toy toy = { .lanes = 8 };

			for (lane = 0; lane < 7; lane++)
				toy.program[lane] = spin;
			toy.program[7] = "~.~.z.~.!";
			toy_start(&state, ids[i], seed, 0);
			toy_run(&toy, &state);
			assert_false(toy.deadlock);
			assert_true(toy.steps < most);
		}
}

static void yielding_is_fair(void **unused)
{
	(void)unused;
	nobody_starves_behind("?.", 200, 2000);
	nobody_starves_behind(".?.", 200, 2000);
}

static void polling_without_yielding_ends(void **unused)
{
	(void)unused;
	nobody_starves_behind("^.", 5, TOY_STEPS);
}

/* Appends `n` random steps. */
static void add_steps(char *text, uint32_t n, struct strategy_state *dice)
{
	static const char letters[] = "....xyr~z~.x";
	size_t at = strlen(text);

	while (n--)
		text[at++] = letters[strategy_below(dice, sizeof letters - 1)];
	text[at] = '\0';
}

/*
 * Random programs: each lane begins the next one, works, waits for the flag that the first one sets
 * and takes two locks, always in the same order.
 */
static void whatever_they_do_they_end(void **unused)
{
	static struct strategy_state state, dice;
	uint32_t n, lane;

	(void)unused;
	dice.random = 7;
	for (n = 0; n < 3000; n++) {
		char text[6][64] = { "" };
		struct toy toy = { .lanes = 6, .first = 1 };

		for (lane = 0; lane < 6; lane++) {
			add_steps(text[lane], strategy_below(&dice, 6), &dice);
			strcat(text[lane], lane < 5 ? "+" : ".");
			add_steps(text[lane], strategy_below(&dice, 6), &dice);
			strcat(text[lane], lane == 0 ? "!" : lane % 2 ? "?" : "z");
			strcat(text[lane], "a");
			add_steps(text[lane], strategy_below(&dice, 6), &dice);
			strcat(text[lane], "b");
			add_steps(text[lane], strategy_below(&dice, 6), &dice);
			strcat(text[lane], "BA");
			toy.program[lane] = text[lane];
		}
		toy_start(&state, ids[n % IDS], n, 0);
		toy_run(&toy, &state);
		assert_false(toy.deadlock);
		assert_true(toy.steps < 1000);
	}
}

static void natural_keeps_to_its_slice(void **unused)
{
	static char work[101];
	struct toy toy = { .lanes = 3, .program = { work, work, work } };
	struct strategy_state state;

	(void)unused;
	memset(work, '.', 100);
	toy_start(&state, STRATEGY_NATURAL, 0, 10);
	toy_run(&toy, &state);
	assert_int_equal(toy.steps, 300);
	assert_true(toy.most_in_a_row <= 10);
	assert_in_range(toy.switches, 27, 32);

	/* Without a slice a lane goes on as long as it can. */
	toy = (struct toy){ .lanes = 3, .program = { work, work, work } };
	toy_start(&state, STRATEGY_NATURAL, 0, 0);
	toy_run(&toy, &state);
	assert_int_equal(toy.switches, 2);
}

static void script_goes_on_by_default(void **unused)
{
	struct toy toy = { .lanes = 3, .program = { "....a.A", "a....A", "...." } };
	struct strategy_state state;

	(void)unused;
	toy_start(&state, STRATEGY_SCRIPT, 0, 0);
	toy_run(&toy, &state);
	assert_false(toy.deadlock);
	assert_int_equal(toy.switches, 2);
}

static void random_picks_evenly(void **unused)
{
	uint64_t runnable[3] = { 0x8000000000000001ull, 0, 0x3 };
	struct strategy_pick pick = {
		.current = 0, .last = 0, .count = 4, .words = 3, .runnable = runnable
	};
	uint32_t hits[TOY_LANES] = { 0 }, i;
	struct strategy_state state;

	(void)unused;
	toy_start(&state, STRATEGY_RANDOM, 1, 0);
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

static uint32_t rarity_of(uint32_t id)
{
#define PARAMETER(symbol, index, name, otherwise)                   \
	if (STRATEGY_##symbol == id && strcmp(name, "rarity") == 0) \
		return index;
#include "formats/strategy.def"
	fail();
	return 0;
}

static void what_need_not_happen_is_rare(void **unused)
{
	static struct strategy_state state;
	uint32_t i;

	(void)unused;
	for (i = 1; i < IDS; i++) {
		struct plan_strategy plan = { .id = ids[i], .seed = 5 };

		if (ids[i] == STRATEGY_PB)
			plan.parameters[0] = 1; /* with bound 0 it draws nothing */
		assert_int_equal(strategy_init(&state, &plan, NULL), 0);
		assert_in_range(others_chosen(&state, DECISION_TIMEOUT, 2), 850, 1150);
		assert_in_range(others_chosen(&state, DECISION_EARLY, 2), 850, 1150);
		/* A try-operation does not fail on an object that is free. */
		assert_int_equal(others_chosen(&state, DECISION_TRYLOCK, 2), 0);
		/* Whom to wake is a choice among equals. */
		assert_in_range(others_chosen(&state, DECISION_SIGNAL, 4), 47000, 49000);
		plan.parameters[rarity_of(ids[i])] = 0xffffffffu;
		assert_int_equal(strategy_init(&state, &plan, NULL), 0);
		assert_int_equal(others_chosen(&state, DECISION_SPURIOUS, 2), 0);
	}
	toy_start(&state, STRATEGY_NATURAL, 5, 0);
	assert_int_equal(others_chosen(&state, DECISION_SIGNAL, 4), 0);
	toy_start(&state, STRATEGY_SCRIPT, 5, 0);
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
		cmocka_unit_test(polling_without_yielding_ends),
		cmocka_unit_test(whatever_they_do_they_end),
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
