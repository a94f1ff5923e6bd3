/*
 * The minimiser against synthetic failures: a pretended program whose run fails when its operations
 * came in a certain order.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/err.h"
#include "fuzz/minimise.h"
#include "tests/unit/pretend.h"

#define FAILURE 4711
#define OTHER_FAILURE 815

struct oracle {
	struct pretend program;
	/* Did the last run fail? A fingerprint, 0: no. */
	uint64_t (*judge)(const struct oracle *oracle, const struct schedule *schedule);
	uint64_t stop_at; /* runs after which it cannot go on; 0: never */
};

static int carry_out(void *self, const struct schedule *schedule, struct verdict *verdict,
		     struct server_report *report, struct err *err)
{
	struct oracle *oracle = self;

	memset(verdict, 0, sizeof(*verdict));
	memset(report, 0, sizeof(*report));
	if (oracle->stop_at && oracle->program.runs >= oracle->stop_at)
		return err_set(err, EINTR, "interrupted");
	pretend_run(&oracle->program, schedule);
	report->verdict = VERDICT_EXIT;
	report->hb_hash = pretend_hash(&oracle->program);
	report->events = oracle->program.count;
	verdict->fingerprint = oracle->judge(oracle, schedule);
	verdict->kind = verdict->fingerprint ? FAILURE_EXIT : FAILURE_NONE;
	return 0;
}

static const struct run_log *log_of(void *self)
{
	return ((struct oracle *)self)->program.log;
}

static struct trials trials_of(struct oracle *oracle)
{
	return (struct trials){
		.run = carry_out,
		.log = log_of,
		.self = oracle,
		.fingerprint = FAILURE,
	};
}

/* From the run that these decisions make; `rc` as expected. */
static struct minimised shrink(struct oracle *oracle, const struct plan_decision *decisions,
			       uint32_t count, uint64_t runs_max, int rc)
{
	struct minimise_config config = {
		.trials = trials_of(oracle),
		.runs_max = runs_max,
	};
	struct minimised out;
	struct err err = { 0 };

	assert_int_equal(minimise(&config, decisions, count, &out, &err), rc);
	assert_int_equal(out.runs, oracle->program.runs + (rc != 0));
	return out;
}

/* Runs these decisions as they are: what comes of them. */
static uint64_t outcome(struct oracle *oracle, const struct plan_decision *decisions,
			uint32_t count)
{
	struct schedule schedule = { .forced = decisions, .forced_count = count };

	pretend_run(&oracle->program, &schedule);
	return oracle->judge(oracle, &schedule);
}

static bool between(const struct pretend *program, uint32_t lane, uint64_t k, uint32_t other,
		    uint64_t after)
{
	uint32_t when = pretend_when(program, lane, k);

	return pretend_when(program, other, after) < when &&
	       when < pretend_when(program, other, after + 1);
}

#define TEN ".........."
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* Two lanes of n operations that take turns at each: 2 * (n - 1) preemptions. */
static uint32_t take_turns(struct plan_decision *decisions, uint64_t n)
{
	uint32_t count = 0;
	uint64_t k;

	for (k = 2; k <= n; k++) {
		decisions[count++] = (struct plan_decision){ DECISION_PICK, 1, k, 2 };
		decisions[count++] = (struct plan_decision){ DECISION_PICK, 2, k, 1 };
	}
	return count;
}

/* Lane 2's 57th operation came between two of lane 1's. */
static uint64_t one_is_needed(const struct oracle *oracle, const struct schedule *schedule)
{
	(void)schedule;
	return between(&oracle->program, 2, 57, 1, 30) ? FAILURE : 0;
}

static void one_necessary_choice_among_200(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 2, .operations = { HUNDRED HUNDRED, HUNDRED HUNDRED } },
		.judge = one_is_needed,
	};
	struct plan_decision decisions[512];
	uint32_t count = 0;
	struct minimised out;
	uint64_t k;

	(void)state;
	/* Lane 2 is 27 ahead of lane 1, and they take turns. */
	for (k = 2; k <= 101; k++) {
		decisions[count++] = (struct plan_decision){ DECISION_PICK, 1, k, 2 };
		decisions[count++] = (struct plan_decision){ DECISION_PICK, 2, k + 27, 1 };
	}
	assert_int_equal(count, 200);
	pretend_begin(&oracle.program);
	assert_int_equal(outcome(&oracle, decisions, count), FAILURE);
	oracle.program.runs = 0;
	out = shrink(&oracle, decisions, count, 1000, 0);
	assert_true(out.reproduced);
	assert_int_equal(out.choices.count, 1);
	assert_int_equal(out.choices.preemptions, 1);
	assert_in_range(out.runs, 5, 200);
	/* What is given back fails, and without the last choice it does not. */
	assert_int_equal(outcome(&oracle, out.decisions, out.count), FAILURE);
	assert_true(out.has_passing);
	assert_int_equal(outcome(&oracle, out.passing, out.passing_count), 0);
	minimised_fini(&out);
	pretend_end(&oracle.program);
}

/* Lane 2's fifth operation between two of lane 1's, and its sixth only after the next. */
static uint64_t two_are_needed(const struct oracle *oracle, const struct schedule *schedule)
{
	const struct pretend *program = &oracle->program;

	(void)schedule;
	return between(program, 2, 5, 1, 10) && between(program, 1, 11, 2, 5) ? FAILURE : 0;
}

static void the_fewest_preemptions(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 2, .operations = { HUNDRED, HUNDRED } },
		.judge = two_are_needed,
	};
	struct plan_decision decisions[512] = {
		{ DECISION_PICK, 1, 7, 2 },
		{ DECISION_PICK, 2, 5, 1 },
	};
	struct minimised out;
	uint32_t count = 2;
	uint64_t k;

	(void)state;
	/* From 1.11 they take turns: 2.5, 1.11, 2.6, ... */
	for (k = 11; k <= 90; k++) {
		decisions[count++] = (struct plan_decision){ DECISION_PICK, 1, k, 2 };
		decisions[count++] = (struct plan_decision){ DECISION_PICK, 2, k - 5, 1 };
	}
	pretend_begin(&oracle.program);
	assert_int_equal(outcome(&oracle, decisions, count), FAILURE);
	oracle.program.runs = 0;
	out = shrink(&oracle, decisions, count, 1000, 0);
	assert_true(out.reproduced);
	assert_int_equal(out.choices.preemptions, 2);
	assert_int_equal(out.choices.count, 2);
	assert_int_equal(outcome(&oracle, out.decisions, out.count), FAILURE);
	minimised_fini(&out);
	pretend_end(&oracle.program);
}

/* Lane 3 comes before lane 2: that can be had without a preemption, when lane 1 ends. */
static uint64_t third_before_second(const struct oracle *oracle, const struct schedule *schedule)
{
	const struct pretend *program = &oracle->program;

	(void)schedule;
	return pretend_when(program, 3, 1) < pretend_when(program, 2, 1) &&
			       pretend_when(program, 2, 1) < pretend_when(program, 4, 1)
		       ? FAILURE
		       : 0;
}

static void a_preemption_is_had_for_nothing(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 4, .operations = { "aa", "aa", "aa", "aa" } },
		.judge = third_before_second,
	};
	struct plan_decision decisions[] = {
		{ DECISION_NEXT, 1, 3, 2 },
		{ DECISION_PICK, 2, 1, 3 },
	};
	struct minimised out;

	(void)state;
	pretend_begin(&oracle.program);
	assert_int_equal(outcome(&oracle, decisions, 2), FAILURE);
	oracle.program.runs = 0;
	out = shrink(&oracle, decisions, 2, 1000, 0);
	assert_true(out.reproduced);
	assert_int_equal(out.choices.preemptions, 0);
	assert_int_equal(out.choices.count, 1);
	minimised_fini(&out);
	pretend_end(&oracle.program);
}

/* What conflicts, and only in one order. */
static uint64_t read_before_write(const struct oracle *oracle, const struct schedule *schedule)
{
	const struct pretend *program = &oracle->program;

	(void)schedule;
	return between(program, 2, 2, 1, 3) ? FAILURE : 0;
}

static void the_critical_pair(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 2, .operations = { "..aab..", ".a.." } },
		.judge = read_before_write,
	};
	struct plan_decision decisions[] = { { DECISION_PICK, 1, 4, 2 } };
	struct minimised out;

	(void)state;
	pretend_begin(&oracle.program);
	oracle.program.runs = 0;
	out = shrink(&oracle, decisions, 1, 1000, 0);
	assert_int_equal(out.choices.preemptions, 1);
	assert_int_equal(out.first.lane, 1);
	assert_int_equal(out.first.k, 4);
	assert_int_equal(out.second.lane, 2);
	assert_int_equal(out.second.k, 2);
	minimised_fini(&out);
	pretend_end(&oracle.program);
}

/* A preemption at an operation of the lane's own is moved to the next that others can see. */
static uint64_t second_before_shared(const struct oracle *oracle, const struct schedule *schedule)
{
	const struct pretend *program = &oracle->program;

	(void)schedule;
	return pretend_when(program, 2, 1) < pretend_when(program, 1, 6) &&
			       pretend_when(program, 1, 2) < pretend_when(program, 2, 1)
		       ? FAILURE
		       : 0;
}

static void a_preemption_moves_to_what_matters(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 2, .operations = { "aa...a..", "a" } },
		.judge = second_before_shared,
	};
	struct plan_decision decisions[] = { { DECISION_PICK, 1, 3, 2 } };
	struct minimised out;

	(void)state;
	pretend_begin(&oracle.program);
	oracle.program.runs = 0;
	out = shrink(&oracle, decisions, 1, 1000, 0);
	assert_int_equal(out.choices.preemptions, 1);
	assert_int_equal(out.decisions[0].lane, 1);
	assert_int_equal(out.decisions[0].k, 6);
	minimised_fini(&out);
	pretend_end(&oracle.program);
}

/* Fewer choices fail too, but otherwise: that is not this failure. */
static uint64_t two_kinds(const struct oracle *oracle, const struct schedule *schedule)
{
	uint64_t one = one_is_needed(oracle, schedule);

	if (!one)
		return 0;
	return between(&oracle->program, 1, 60, 2, 80) ? FAILURE : OTHER_FAILURE;
}

static void another_failure_does_not_count(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 2, .operations = { HUNDRED, HUNDRED } },
		.judge = two_kinds,
	};
	struct plan_decision decisions[] = {
		{ DECISION_PICK, 1, 31, 2 },
		{ DECISION_PICK, 2, 81, 1 },
		{ DECISION_PICK, 1, 70, 2 },
	};
	struct minimised out;

	(void)state;
	pretend_begin(&oracle.program);
	assert_int_equal(outcome(&oracle, decisions, 3), FAILURE);
	oracle.program.runs = 0;
	out = shrink(&oracle, decisions, 3, 1000, 0);
	assert_true(out.reproduced);
	assert_int_equal(out.choices.count, 2);
	assert_int_equal(outcome(&oracle, out.decisions, out.count), FAILURE);
	/* Without its last choice the run still fails: so without the other. */
	assert_true(out.has_passing);
	assert_int_equal(outcome(&oracle, out.passing, out.passing_count), 0);
	minimised_fini(&out);
	pretend_end(&oracle.program);
}

/* All of 99 preemptions are needed: nothing can go, and each try costs a run. */
static uint64_t all_are_needed(const struct oracle *oracle, const struct schedule *schedule)
{
	uint32_t i;

	(void)schedule;
	for (i = 0; i + 1 < oracle->program.count; i++)
		if (oracle->program.order[i].lane == oracle->program.order[i + 1].lane)
			return 0;
	return FAILURE;
}

static void it_stops_after_so_many_runs(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 2, .operations = { HUNDRED, HUNDRED } },
		.judge = all_are_needed,
	};
	static const uint64_t limits[] = { 3, 10, 50, 100 };
	struct plan_decision decisions[512];
	uint32_t count = take_turns(decisions, 100);
	struct minimised out;
	size_t i;

	(void)state;
	pretend_begin(&oracle.program);
	assert_int_equal(outcome(&oracle, decisions, count), FAILURE);
	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		oracle.program.runs = 0;
		out = shrink(&oracle, decisions, count, limits[i], 0);
		assert_true(oracle.program.runs <= limits[i]);
		assert_int_equal(outcome(&oracle, out.decisions, out.count), FAILURE);
		minimised_fini(&out);
	}
	pretend_end(&oracle.program);
}

static uint64_t only_exactly(const struct oracle *oracle, const struct schedule *schedule)
{
	(void)oracle;
	return schedule->loose_count ? 0 : FAILURE;
}

static uint64_t never(const struct oracle *oracle, const struct schedule *schedule)
{
	(void)oracle;
	(void)schedule;
	return 0;
}

static void what_does_not_happen_again_is_given_back(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 2, .operations = { TEN, TEN } },
	};
	static uint64_t (*const judges[])(const struct oracle *,
					  const struct schedule *) = { only_exactly, never };
	struct plan_decision decisions[64];
	uint32_t count = take_turns(decisions, 10);
	struct minimised out;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		oracle.judge = judges[i];
		pretend_begin(&oracle.program);
		out = shrink(&oracle, decisions, count, 1000, 0);
		assert_false(out.reproduced);
		assert_false(out.has_passing);
		assert_int_equal(out.count, count);
		assert_memory_equal(out.decisions, decisions, count * sizeof(*decisions));
		minimised_fini(&out);
		pretend_end(&oracle.program);
	}
}

/* It fails without any choice: then there is nothing to leave out. */
static uint64_t always(const struct oracle *oracle, const struct schedule *schedule)
{
	(void)oracle;
	(void)schedule;
	return FAILURE;
}

static void nothing_is_needed(void **state)
{
	struct oracle oracle = {
		.program = { .lanes = 2, .operations = { TEN, TEN } },
		.judge = always,
	};
	struct plan_decision decisions[64];
	uint32_t count = take_turns(decisions, 10);
	struct minimised out;

	(void)state;
	pretend_begin(&oracle.program);
	out = shrink(&oracle, decisions, count, 1000, 0);
	assert_true(out.reproduced);
	assert_int_equal(out.choices.count, 0);
	assert_int_equal(out.choices.preemptions, 0);
	assert_false(out.has_passing);
	assert_int_equal(out.first.lane, 0);
	minimised_fini(&out);
	pretend_end(&oracle.program);
}

static void an_error_ends_it(void **state)
{
	struct plan_decision decisions[512];
	uint32_t count = take_turns(decisions, 100);
	struct minimised out;
	uint64_t after;

	(void)state;
	for (after = 1; after < 40; after += 3) {
		struct oracle oracle = {
			.program = { .lanes = 2, .operations = { HUNDRED, HUNDRED } },
			.judge = all_are_needed,
			.stop_at = after,
		};

		pretend_begin(&oracle.program);
		out = shrink(&oracle, decisions, count, 1000, -EINTR);
		minimised_fini(&out);
		pretend_end(&oracle.program);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_necessary_choice_among_200),
		cmocka_unit_test(the_fewest_preemptions),
		cmocka_unit_test(a_preemption_is_had_for_nothing),
		cmocka_unit_test(the_critical_pair),
		cmocka_unit_test(a_preemption_moves_to_what_matters),
		cmocka_unit_test(another_failure_does_not_count),
		cmocka_unit_test(it_stops_after_so_many_runs),
		cmocka_unit_test(what_does_not_happen_again_is_given_back),
		cmocka_unit_test(nothing_is_needed),
		cmocka_unit_test(an_error_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
