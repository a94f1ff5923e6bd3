/*
 * What pct, pos, surw, pb, db and between promise, on toy programs whose distributions are known.
 * All seeds are fixed, so a bound is met always or never; each is at least four standard deviations
 * wide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/toy.h"

static struct strategy_state state;

static void begin(uint32_t id, uint64_t seed, uint64_t first, uint64_t second, uint64_t third)
{
	struct plan_strategy plan = { .id = id,
				      .seed = seed,
				      .parameters = { first, second, third } };

	assert_int_equal(strategy_init(&state, &plan, NULL), 0);
}

/* Is what the lanes did, as digits, exactly `order`? */
static bool ordered(const struct toy *toy, const char *order)
{
	uint32_t i;

	assert_int_equal(strlen(order), toy->steps);
	for (i = 0; i < toy->steps; i++)
		if (toy->order[i] + '0' != order[i])
			return false;
	return true;
}

/* How many of `runs` seeds do two lanes of these programs in this order? */
static uint32_t pct_hits(uint64_t depth, uint64_t steps, uint32_t runs, const char *first,
			 const char *second, const char *order)
{
	uint32_t seed, hits = 0;

	for (seed = 0; seed < runs; seed++) {
		struct toy toy = { .lanes = 2, .program = { first, second } };

		begin(STRATEGY_PCT, seed, depth, steps, 0);
		toy_run(&toy, &state);
		hits += ordered(&toy, order);
	}
	return hits;
}

/* 1 / (n k^(d-1)) at least; what it is exactly can be counted for programs that small. */
static void pct_keeps_its_guarantee(void **unused)
{
	(void)unused;
	assert_in_range(pct_hits(1, 10, 10000, "......", "....", "1111000000"), 4800, 5200);
	assert_int_equal(pct_hits(1, 10, 10000, "......", "....", "0001111000"), 0);
	/* The first lane is the higher one, and falls at the fourth of ten steps: 1/20. */
	assert_in_range(pct_hits(2, 10, 10000, "......", "....", "0001111000"), 410, 590);
	assert_int_equal(pct_hits(2, 10, 10000, "......", "....", "0001100011"), 0);
	/* It falls at the fourth, then the other one deeper at the sixth: 1/2 1/45 1/2. */
	assert_in_range(pct_hits(3, 10, 40000, "......", "....", "0001100011"), 165, 285);
}

/* Lanes that begin late have a random rank: the first one is the last with probability 1/4. */
static void pct_ranks_new_lanes_at_random(void **unused)
{
	uint32_t seed, hits = 0;

	(void)unused;
	for (seed = 0; seed < 10000; seed++) {
		struct toy toy = { .lanes = 4,
				   .first = 1,
				   .program = { "+++..", "..", "..", ".." } };

		begin(STRATEGY_PCT, seed, 1, 1, 0);
		toy_run(&toy, &state);
		hits += toy.order[toy.steps - 1] == 0 && toy.order[toy.steps - 2] == 0;
	}
	assert_in_range(hits, 2300, 2700);
}

static struct strategy_pending two_lanes(const void *source, uint32_t slot)
{
	return (struct strategy_pending){ .lane = ((const uint64_t *)source)[slot],
					  .parent = STRATEGY_NOBODY };
}

/* Another lane in the slot has a priority of its own: higher than two others one time in three. */
static void pct_sees_that_a_slot_is_used_again(void **unused)
{
	uint64_t ids[2], runnable = 3;
	struct strategy_pick pick = { .current = STRATEGY_NOBODY,
				      .last = STRATEGY_NOBODY,
				      .count = 2,
				      .words = 1,
				      .runnable = &runnable,
				      .pending = two_lanes,
				      .source = ids };
	uint32_t seed, slot, changed = 0;

	(void)unused;
	for (seed = 0; seed < 3000; seed++) {
		ids[0] = 11;
		ids[1] = 12;
		begin(STRATEGY_PCT, seed, 1, 1, 0);
		slot = state.strategy->pick(&state, &pick);
		assert_int_equal(state.strategy->pick(&state, &pick), slot);
		ids[!slot] = 13;
		changed += state.strategy->pick(&state, &pick) != slot;
	}
	assert_in_range(changed, 890, 1110);
}

/* At which place among the operations on its object is the only one of the second lane? */
static void count_places(uint32_t id, const char *first, const char *second, uint32_t *places)
{
	uint32_t seed, i;

	memset(places, 0, 8 * sizeof *places);
	for (seed = 0; seed < 10000; seed++) {
		struct toy toy = { .lanes = 2, .program = { first, second } };

		begin(id, seed, 0, 0, 0);
		toy_run(&toy, &state);
		for (i = 0; toy.order[i] != 1; i++)
			;
		assert_true(i < 8);
		places[i]++;
	}
}

static void pos_draws_again_after_a_conflict(void **unused)
{
	uint32_t places[8], i;

	(void)unused;
	/* Operations that conflict: each is a new race. */
	count_places(STRATEGY_POS, "xxxx", "x", places);
	assert_in_range(places[0], 4800, 5200);
	assert_in_range(places[1], 2325, 2675);
	assert_in_range(places[2], 1115, 1385);
	assert_in_range(places[3], 525, 725);
	assert_in_range(places[4], 525, 725);
	/* Of operations that do not, one has to have the lowest priority of all to be the last. */
	count_places(STRATEGY_POS, "rrrr", "r", places);
	assert_in_range(places[4], 1840, 2160);
	for (i = 0; i < 3; i++)
		assert_true(places[i] > places[i + 1]);
	/* So a race is met in time however much the other lane has to do before: 1/6, not 1/32. */
	count_places(STRATEGY_POS, "....x", "x", places);
	assert_in_range(places[5], 1515, 1815);
	count_places(STRATEGY_RANDOM, "....x", "x", places);
	assert_in_range(places[5], 240, 390);
}

/* How often each lane does the step `target`. */
struct profile {
	struct plan_profile head;
	struct plan_profile_row rows[4];
};

static struct profile profile_of(const char *const *programs, uint32_t lanes, uint32_t first,
				 char target)
{
	struct profile profile = { .head = { .object = toy_object(target), .count = lanes } };
	uint32_t i, at;

	for (i = 0; i < lanes; i++) {
		profile.rows[i].lane = toy_lane_id(i);
		profile.rows[i].parent = i < first ? 0 : toy_lane_id(0);
		for (at = 0; programs[i][at]; at++)
			profile.rows[i].events += programs[i][at] == target;
	}
	return profile;
}

/*
 * Chi-square of the orders in which 10,000 seeds do the steps `target`, against all being equally
 * likely; *orders is how many there were.
 */
static double chi_square(const char *const *programs, uint32_t lanes, uint32_t first, char target,
			 const struct profile *profile, uint32_t *orders)
{
	static char seen[1000][sizeof((struct toy *)NULL)->written];
	static uint32_t hits[1000];
	struct plan_strategy plan = { .id = STRATEGY_SURW };
	double sum = 0, expected;
	uint32_t i, n = 0;

	for (plan.seed = 0; plan.seed < 10000; plan.seed++) {
		struct toy toy = { .lanes = lanes, .first = first, .watched = target };

		for (i = 0; i < lanes; i++)
			toy.program[i] = programs[i];
		assert_int_equal(strategy_init(&state, &plan, &profile->head), 0);
		toy_run(&toy, &state);
		assert_false(toy.deadlock);
		for (i = 0; i < n && strcmp(seen[i], toy.written); i++)
			;
		if (i == n) {
			assert_true(n < 1000);
			strcpy(seen[n], toy.written);
			hits[n++] = 0;
		}
		hits[i]++;
	}
	*orders = n;
	expected = 10000.0 / n;
	for (i = 0; i < n; i++)
		sum += (hits[i] - expected) * (hits[i] - expected) / expected;
	return sum;
}

/* Bounds: the 0.1 % quantile from above for the degrees of freedom, which are orders - 1. */
static void surw_is_uniform_on_its_target(void **unused)
{
	static const struct {
		char target;
		const char *programs[4];
		uint32_t lanes, first, orders;
		double most;
	} rows[] = {
		{ 'x', { "xxx", "xxx" }, 2, 2, 20, 43.8 },
		/* whatever else they do, and where */
		{ 'x', { "x..y..y.x.x", ".x....xx" }, 2, 2, 20, 43.8 },
		{ 'x', { "xxxxx", ".........x" }, 2, 2, 6, 20.5 },
		{ 'x', { "x.x", "..xx.....", "xx~..z" }, 3, 3, 90, 136.0 },
		/* a lock, also with others inside */
		{ 'a', { "aAaA", ".a.xA..ay.A", "a.A" }, 3, 3, 30, 58.3 },
		{ 'a', { "a.bBAaA", "..abB..A", "bBa..A" }, 3, 3, 12, 31.3 },
		/* lanes that begin late: c after the first m, of bbcmm */
		{ 'x', { "+x+x", "x.x", "..x" }, 3, 1, 20, 43.8 },
		/* what a lane does alone is not left to it afterwards */
		{ 'x', { "xxx.x+xx", "xx" }, 2, 1, 6, 20.5 },
	};
	struct profile profile, none = { .head = { .object = 0 } };
	uint32_t i, orders;
	double sum;

	(void)unused;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		profile =
			profile_of(rows[i].programs, rows[i].lanes, rows[i].first, rows[i].target);
		sum = chi_square(rows[i].programs, rows[i].lanes, rows[i].first, rows[i].target,
				 &profile, &orders);
		print_message("  row %u: %u orders, %.1f of %.1f\n", i, orders, sum, rows[i].most);
		assert_int_equal(orders, rows[i].orders);
		assert_true(sum < rows[i].most);
	}
	/* Without a profile it is far from that: these bounds say something. */
	assert_true(chi_square(rows[1].programs, 2, 2, 'x', &none, &orders) > 500);
}

/* Wrong counts, lanes that are not there, a target that nobody uses: every order remains. */
static void surw_survives_wrong_profiles(void **unused)
{
	static const char *const programs[] = { "+x..x.x", "x.x.x" };
	struct profile profile = profile_of(programs, 2, 1, 'x');
	uint32_t i, orders;

	(void)unused;
	for (i = 0; i < 8; i++) {
		struct profile wrong = profile;

		if (i == 0)
			wrong.rows[0].events = wrong.rows[1].events = 0;
		else if (i == 1)
			wrong.rows[0].events = 20;
		else if (i == 2)
			wrong.rows[1].parent = 99;
		else if (i == 3)
			wrong.rows[1].parent = wrong.rows[1].lane;
		else if (i == 4)
			wrong.rows[0].parent = wrong.rows[1].lane;
		else if (i == 5)
			wrong.head.count = 0;
		else if (i == 6)
			wrong.rows[1].lane = 5;
		else
			wrong.head.object = 17;
		chi_square(programs, 2, 1, 'x', &wrong, &orders);
		assert_int_equal(orders, 20);
	}
	/* However large they are, everything ends. */
	profile.rows[0].events = profile.rows[1].events = UINT64_MAX;
	chi_square(programs, 2, 1, 'x', &profile, &orders);
	assert_true(orders > 0);
}

static void pb_preempts_as_often_as_it_may(void **unused)
{
	static const uint64_t bounds[] = { 0, 1, 2, 5, 15 };
	uint32_t seed, i, bound, hits[15] = { 0 };

	(void)unused;
	for (bound = 0; bound < 5; bound++)
		for (seed = 0; seed < 500; seed++) {
			struct toy toy = {
				.lanes = 3, .program = { "..........", "..ay~yA...", "..axxA...." }
			};

			begin(STRATEGY_PB, seed, bounds[bound], 15, seed % 3);
			toy_run(&toy, &state);
			assert_false(toy.deadlock);
			assert_int_equal(toy.preemptions, bounds[bound]);
		}
	/* More steps than there are: the bound holds all the same. */
	for (seed = 0; seed < 500; seed++) {
		struct toy toy = { .lanes = 3, .program = { "....", "....", "...." } };

		begin(STRATEGY_PB, seed, 4, 1000, 0);
		toy_run(&toy, &state);
		assert_true(toy.preemptions <= 4);
	}
	/* Each step is as likely as any other. */
	for (seed = 0; seed < 15000; seed++) {
		struct toy toy = { .lanes = 2, .program = { "....................", "..." } };

		begin(STRATEGY_PB, seed, 1, 15, 0);
		toy_run(&toy, &state);
		for (i = 0; toy.order[i] == 0; i++)
			;
		assert_true(i < 15);
		hits[i]++;
	}
	for (i = 0; i < 15; i++)
		assert_in_range(hits[i], 870, 1130);
}

/* Any of the others, and the running one never. */
static void pb_preempts_for_anybody(void **unused)
{
	uint32_t seed, hits[5] = { 0 }, i;

	(void)unused;
	for (seed = 0; seed < 8000; seed++) {
		struct toy toy = { .lanes = 5,
				   .program = { "....", "....", "....", "....", "...." } };

		begin(STRATEGY_PB, seed, 1, 1, 0);
		toy_run(&toy, &state);
		hits[toy.order[0]]++;
	}
	assert_int_equal(hits[0], 0);
	for (i = 1; i < 5; i++)
		assert_in_range(hits[i], 1840, 2160);
}

static void pb_without_preemption_has_an_order(void **unused)
{
	static const char *const orders[] = { "000111222", "000222111" };
	uint32_t seed, order, others = 0;

	(void)unused;
	for (order = 0; order < 3; order++)
		for (seed = 0; seed < 200; seed++) {
			struct toy toy = { .lanes = 3, .program = { "...", "...", "..." } };

			begin(STRATEGY_PB, seed, 0, 0, order);
			toy_run(&toy, &state);
			if (order < 2)
				assert_true(ordered(&toy, orders[order]));
			else
				others += ordered(&toy, orders[1]);
			/* Nothing else is left to chance either. */
			if (order < 2)
				assert_int_equal(
					state.strategy->choose(&state, DECISION_SIGNAL, 50), 0);
		}
	assert_in_range(others, 72, 128);
}

/* A lane is left before its operation number place + 1, and the other does all of its own then. */
static void between_leaves_each_lane_once(void **unused)
{
	static const struct {
		const char *program[3];
		uint64_t order, place;
		const char *expected;
	} cases[] = {
		{ { "xx", "xx", "xx" }, 0, 1, "012210" },
		{ { "xx", "xx", "xx" }, 1, 1, "021120" },
		{ { "xxx", "xxx", "" }, 0, 2, "001110" },
		{ { "xyx", "xyx", "" }, 1, 1, "011100" },
		/* nobody could notice the others of its operations */
		{ { "..x.x", "x", "" }, 0, 1, "000010" },
		/* fewer operations than that: no place */
		{ { "xx", "xx", "" }, 0, 2, "0011" },
		/* who cannot go on is no reason to stop */
		{ { "axAbB", "axA", "" }, 0, 1, "00011100" },
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct toy toy = { .lanes = 3 };

		memcpy(toy.program, cases[i].program, sizeof(cases[i].program));
		begin(STRATEGY_BETWEEN, 1, cases[i].order, cases[i].place, 0);
		toy_run(&toy, &state);
		assert_false(toy.deadlock);
		assert_true(ordered(&toy, cases[i].expected));
		assert_int_equal(state.strategy->choose(&state, DECISION_SIGNAL, 50), 0);
	}
}

/* What a lane has created begins before that lane's next operation. */
static void between_lets_the_created_begin(void **unused)
{
	struct toy toy = { .lanes = 3, .first = 1, .program = { "++xx", "xx", "x" } };

	(void)unused;
	begin(STRATEGY_BETWEEN, 1, 0, 1, 0);
	toy_run(&toy, &state);
	assert_true(ordered(&toy, "0012001"));
}

static void between_any_place(void **unused)
{
	static const char *const orders[] = { "01000", "00100", "00010", "00001" };
	uint32_t seed, hits[4] = { 0 }, i;

	(void)unused;
	for (seed = 0; seed < 8000; seed++) {
		struct toy toy = { .lanes = 2, .program = { "xxxx", "x" } };

		begin(STRATEGY_BETWEEN, seed, 0, 0, 0);
		toy_run(&toy, &state);
		for (i = 0; i < 4; i++)
			hits[i] += ordered(&toy, orders[i]);
	}
	assert_in_range(hits[0], 3820, 4180);
	assert_in_range(hits[1], 1840, 2160);
	assert_in_range(hits[2], 880, 1120);
	assert_int_equal(hits[3], 8000 - hits[0] - hits[1] - hits[2]);
}

static void db_delays_as_often_as_it_may(void **unused)
{
	static const uint64_t bounds[] = { 0, 1, 2, 5, 12 };
	uint32_t seed, bound;

	(void)unused;
	for (bound = 0; bound < 5; bound++)
		for (seed = 0; seed < 500; seed++) {
			struct toy toy = {
				.lanes = 3, .program = { "..........", "..ayyA....", "..axxA...." }
			};

			begin(STRATEGY_DB, seed, bounds[bound], 12, 0);
			toy_run(&toy, &state);
			assert_false(toy.deadlock);
			assert_int_equal(toy.delays, bounds[bound]);
			if (bound == 0)
				assert_true(ordered(&toy, "000000000011111111112222222222"));
		}
}

/* A delay leads to the next lane in turn, whichever step it is at. */
static void db_moves_to_the_next_lane(void **unused)
{
	uint32_t seed, i, hits[10] = { 0 };

	(void)unused;
	for (seed = 0; seed < 10000; seed++) {
		struct toy toy = { .lanes = 4, .program = { "..........", "..", "..", ".." } };

		begin(STRATEGY_DB, seed, 1, 10, 0);
		toy_run(&toy, &state);
		for (i = 0; toy.order[i] == 0; i++)
			;
		assert_true(i < 10);
		assert_int_equal(toy.order[i], 1);
		hits[i]++;
	}
	for (i = 0; i < 10; i++)
		assert_in_range(hits[i], 880, 1120);
}

static void steps_are_drawn_evenly(void **unused)
{
	uint32_t seed, i, hits[10] = { 0 }, drawn, pairs = 0;
	bool which[10];

	(void)unused;
	for (seed = 0; seed < 10000; seed++) {
		state.random = seed;
		strategy_draw_steps(&state, 3, 10);
		for (i = drawn = 0; i < 10; i++) {
			which[i] = strategy_drawn(&state);
			drawn += which[i];
			hits[i] += which[i];
		}
		assert_int_equal(drawn, 3);
		assert_false(strategy_drawn(&state));
		pairs += which[2] && which[7];
	}
	for (i = 0; i < 10; i++)
		assert_in_range(hits[i], 2815, 3185);
	assert_in_range(pairs, 565, 770); /* 1/15 */
	strategy_draw_steps(&state, 5, 2);
	assert_true(strategy_drawn(&state));
	assert_true(strategy_drawn(&state));
	assert_false(strategy_drawn(&state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pct_keeps_its_guarantee),
		cmocka_unit_test(pct_ranks_new_lanes_at_random),
		cmocka_unit_test(pct_sees_that_a_slot_is_used_again),
		cmocka_unit_test(pos_draws_again_after_a_conflict),
		cmocka_unit_test(surw_is_uniform_on_its_target),
		cmocka_unit_test(surw_survives_wrong_profiles),
		cmocka_unit_test(pb_preempts_as_often_as_it_may),
		cmocka_unit_test(pb_preempts_for_anybody),
		cmocka_unit_test(pb_without_preemption_has_an_order),
		cmocka_unit_test(between_leaves_each_lane_once),
		cmocka_unit_test(between_lets_the_created_begin),
		cmocka_unit_test(between_any_place),
		cmocka_unit_test(db_delays_as_often_as_it_may),
		cmocka_unit_test(db_moves_to_the_next_lane),
		cmocka_unit_test(steps_are_drawn_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
