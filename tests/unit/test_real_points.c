/*
 * Moving preemptions to where an interpreter switches, on synthetic programs.
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
#include "fuzz/real_points.h"
#include "tests/unit/pretend.h"

#define FAILURE 4711

/* All of lane 2 came after lane 1's operation `after` and before its operation `before`. */
struct oracle {
	struct pretend program;
	uint64_t after, before;
	uint64_t stop_at; /* runs after which it cannot go on; 0: never */
};

static int carry_out(void *self, const struct schedule *schedule, struct verdict *verdict,
		     struct server_report *report, struct err *err)
{
	struct oracle *oracle = self;
	const struct pretend *program = &oracle->program;

	memset(verdict, 0, sizeof(*verdict));
	memset(report, 0, sizeof(*report));
	if (oracle->stop_at && program->runs >= oracle->stop_at)
		return err_set(err, EINTR, "interrupted");
	pretend_run(&oracle->program, schedule);
	if (pretend_when(program, 1, oracle->after) < pretend_when(program, 2, 1) &&
	    pretend_when(program, 2, strlen(program->operations[1])) <
		    pretend_when(program, 1, oracle->before))
		verdict->fingerprint = FAILURE;
	verdict->kind = verdict->fingerprint ? FAILURE_EXIT : FAILURE_NONE;
	return 0;
}

static const struct run_log *log_of(void *self)
{
	return ((struct oracle *)self)->program.log;
}

/* One preemption of lane 1 before its operation `k`. */
static bool moves(struct oracle *oracle, uint64_t k, uint64_t runs_max, int want_rc)
{
	struct trials trials = {
		.run = carry_out,
		.log = log_of,
		.self = oracle,
		.fingerprint = FAILURE,
		.any_access = true,
	};
	struct plan_decision pick = { DECISION_PICK, 1, k, 2 }, *decisions = NULL;
	struct choices choices = { .all = &pick, .count = 1, .preemptions = 1 };
	struct err err = { 0 };
	uint32_t count = 0;
	uint64_t runs = 0;
	bool found;
	int rc = 0;

	pretend_begin(&oracle->program);
	found = real_points_fail(&trials, &choices, runs_max, &decisions, &count, &runs, &rc, &err);
	assert_int_equal(rc, want_rc);
	assert_int_equal(runs, oracle->program.runs + (rc != 0));
	assert_true(runs <= runs_max);
	if (found) { /* as it is, where the interpreter switches */
		struct schedule schedule = { .forced = decisions, .forced_count = count };
		struct server_report report;
		struct verdict verdict;

		assert_int_equal(carry_out(oracle, &schedule, &verdict, &report, &err), 0);
		assert_int_equal(verdict.fingerprint, FAILURE);
	}
	free(decisions);
	pretend_end(&oracle->program);
	return found;
}

static void to_the_next_one(void **state)
{
	struct oracle oracle = { .program = { .lanes = 2, .operations = { "aAaA", "aa" } },
				 .after = 1,
				 .before = 4 };

	(void)state;
	assert_true(moves(&oracle, 2, 20, 0));
}

static void to_the_one_before(void **state)
{
	struct oracle oracle = { .program = { .lanes = 2, .operations = { "aaAAAa", "aa" } },
				 .after = 1,
				 .before = 4 };

	(void)state;
	assert_true(moves(&oracle, 4, 20, 0));
}

static void nowhere(void **state)
{
	struct oracle oracle = { .program = { .lanes = 2, .operations = { "aaAa", "aa" } },
				 .after = 2,
				 .before = 3 };

	(void)state;
	assert_false(moves(&oracle, 3, 20, 0));
	assert_false(moves(&oracle, 3, 1, 0));
}

static void a_run_that_cannot_be_made(void **state)
{
	struct oracle oracle = { .program = { .lanes = 2, .operations = { "aAaA", "aa" } },
				 .after = 1,
				 .before = 4,
				 .stop_at = 1 };

	(void)state;
	assert_false(moves(&oracle, 2, 20, -EINTR));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_the_next_one),
		cmocka_unit_test(to_the_one_before),
		cmocka_unit_test(nowhere),
		cmocka_unit_test(a_run_that_cannot_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
