/*
 * The queue of reversals: which is next, and what is the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/candidates.h"
#include "tests/unit/made_log.h"

/* A run of two lanes with a preemption at each of 10 operations. */
static struct run_log *ten_decisions(void)
{
	struct run_log *log = made_log(2);
	uint64_t k;

	for (k = 1; k <= 10; k++) {
		made_decision(log, DECISION_PICK, 1, k, 2, "12");
		made_event(log, 2, k, EVENT_MUTEX_LOCK, 1, 1);
		made_event(log, 1, k, EVENT_MUTEX_LOCK, 1, 2);
	}
	return log;
}

/* Cut behind `cut` decisions, then lane 1 goes on at `k`. */
static struct reversal reversal(uint64_t pair, uint32_t cut, uint64_t k, uint8_t penalty)
{
	return (struct reversal){
		.pair = pair,
		.cut = cut,
		.forced = 1,
		.first = 1,
		.second = 2,
		.penalty = penalty,
		.force[0] = { .kind = DECISION_PICK, .lane = 2, .k = k, .choice = 1 },
	};
}

static size_t add(struct candidates *queue, struct run_log *log, struct reversal *all, size_t count,
		  uint64_t run, uint32_t depth, uint32_t penalty)
{
	struct reversals list = { all, count, count };

	return candidates_add(queue, log, &list, run, depth, penalty);
}

/* Takes the best; its last forced decision has this k. */
static void assert_next(struct candidates *queue, uint64_t pair, uint64_t k)
{
	struct candidate next;

	assert_true(candidates_take(queue, &next));
	assert_int_equal(next.pair, pair);
	assert_int_equal(next.forced[next.count - 1].k, k);
}

static void forced_is_the_beginning_and_the_change(void **state)
{
	struct candidates *queue = candidates_new();
	struct run_log *log = ten_decisions();
	struct reversal one = reversal(5, 3, 77, 0);
	struct candidate next;
	uint32_t i;

	(void)state;
	one.forced = 2;
	one.force[1] =
		(struct plan_decision){ .kind = DECISION_PICK, .lane = 1, .k = 78, .choice = 2 };
	one.first = 2;
	one.second = 1;
	one.next = log->steps[2].lane;
	assert_int_equal(add(queue, log, &one, 1, 42, 6, 0), 1);
	assert_true(candidates_take(queue, &next));
	assert_int_equal(next.count, 5);
	for (i = 0; i < 3; i++)
		assert_memory_equal(&next.forced[i], &log->decisions[i], sizeof(*next.forced));
	assert_memory_equal(&next.forced[3], one.force, 2 * sizeof(*next.forced));
	assert_int_equal(next.parent, 42);
	assert_int_equal(next.depth, 7);
	assert_int_equal(next.first_lane, log->steps[2].lane);
	assert_int_equal(next.first_k, log->steps[2].k);
	assert_int_equal(next.next_slot, log->lanes[one.next].slot + 1);
	assert_int_equal(next.second_lane, log->steps[1].lane);
	assert_false(candidates_take(queue, &next));
	run_log_free(log);
	candidates_free(queue);
}

static void the_rarest_pair_is_next(void **state)
{
	struct candidates *queue = candidates_new();
	struct run_log *log = ten_decisions();
	struct reversal all[] = {
		reversal(5, 0, 1, 0), reversal(5, 1, 2, 0), reversal(5, 2, 3, 0),
		reversal(6, 3, 4, 0), reversal(7, 4, 5, 0),
	};

	(void)state;
	assert_int_equal(add(queue, log, all, 5, 1, 0, 0), 5);
	assert_int_equal(candidates_count(queue), 5);
	assert_next(queue, 5, 1);
	/* Pair 5 was tried: the others come first now, although they are later. */
	assert_next(queue, 6, 4);
	assert_next(queue, 7, 5);
	assert_next(queue, 5, 2);
	/* One that comes new and was never tried. */
	all[0] = reversal(8, 5, 6, 0);
	assert_int_equal(add(queue, log, all, 1, 2, 0, 0), 1);
	assert_next(queue, 8, 6);
	assert_next(queue, 5, 3);
	assert_int_equal(candidates_count(queue), 0);
	run_log_free(log);
	candidates_free(queue);
}

static void then_the_smallest_change_then_the_earliest(void **state)
{
	struct candidates *queue = candidates_new();
	struct run_log *log = ten_decisions();
	struct reversal all[] = {
		reversal(5, 0, 1, 6), reversal(5, 1, 2, 1), reversal(5, 2, 3, 0),
		reversal(5, 3, 4, 0), reversal(5, 4, 5, 0),
	};
	struct reversal deep = reversal(5, 5, 6, 0), penalised = reversal(5, 6, 7, 0);

	(void)state;
	all[4].both_write = true; /* as costly as the penalty of 1, and younger */
	add(queue, log, all, 5, 1, 0, 0);
	add(queue, log, &deep, 1, 2, 2, 0);
	add(queue, log, &penalised, 1, 3, 0, 3);
	assert_next(queue, 5, 3);
	assert_next(queue, 5, 4);
	assert_next(queue, 5, 2);
	assert_next(queue, 5, 5);
	assert_next(queue, 5, 6);
	assert_next(queue, 5, 7);
	assert_next(queue, 5, 1);
	run_log_free(log);
	candidates_free(queue);
}

/* Of many pairs of many costs all come out, and within a pair by cost. */
static void the_heap_keeps_its_order(void **state)
{
	struct candidates *queue = candidates_new();
	struct run_log *log = ten_decisions();
	uint64_t last[7] = { 0 };
	struct candidate next;
	uint32_t i, taken = 0;

	(void)state;
	for (i = 0; i < 700; i++) {
		/* k says the cost, for the check below */
		uint8_t cost = (uint8_t)(i * 37 % 101);
		struct reversal one = reversal(1 + i % 7, i % 10, 1000 * cost + i, cost);

		assert_int_equal(add(queue, log, &one, 1, 1, 0, 0), 1);
	}
	assert_int_equal(candidates_count(queue), 700);
	while (candidates_take(queue, &next)) {
		uint64_t *before = &last[next.pair - 1], k = next.forced[next.count - 1].k;

		assert_true(k >= *before);
		*before = k;
		taken++;
	}
	assert_int_equal(taken, 700);
	run_log_free(log);
	candidates_free(queue);
}

static void the_same_schedule_is_queued_once(void **state)
{
	struct candidates *queue = candidates_new();
	struct run_log *log = ten_decisions(), *other = ten_decisions();
	struct reversal all[] = { reversal(5, 3, 77, 0), reversal(6, 3, 77, 0),
				  reversal(5, 4, 77, 0) };
	struct candidate next;

	(void)state;
	/* The second is the same schedule for another pair; the third has another beginning. */
	assert_int_equal(add(queue, log, all, 3, 1, 0, 0), 2);
	/* Another run with the same beginning offers it again, also after it was tried. */
	assert_int_equal(add(queue, other, all, 3, 2, 0, 0), 0);
	while (candidates_take(queue, &next))
		;
	assert_int_equal(add(queue, other, all, 3, 3, 0, 0), 0);
	/* With another beginning it is new. */
	other->decisions[1].choice = 1;
	assert_int_equal(add(queue, other, all, 1, 4, 0, 0), 1);
	run_log_free(log);
	run_log_free(other);
	candidates_free(queue);
}

/* The queue has copies: the log is used again for the next run. */
static void the_log_may_change(void **state)
{
	struct candidates *queue = candidates_new();
	struct run_log *log = ten_decisions();
	struct reversal one = reversal(5, 9, 77, 0);
	struct plan_decision first = log->decisions[0];
	struct candidate next;

	(void)state;
	add(queue, log, &one, 1, 1, 0, 0);
	memset(log->decisions, 0xff, log->decision_count * sizeof(*log->decisions));
	run_log_free(log);
	assert_true(candidates_take(queue, &next));
	assert_memory_equal(&next.forced[0], &first, sizeof(first));
	candidates_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forced_is_the_beginning_and_the_change),
		cmocka_unit_test(the_rarest_pair_is_next),
		cmocka_unit_test(then_the_smallest_change_then_the_earliest),
		cmocka_unit_test(the_heap_keeps_its_order),
		cmocka_unit_test(the_same_schedule_is_queued_once),
		cmocka_unit_test(the_log_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
