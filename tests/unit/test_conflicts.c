/*
 * Conflicts in hand-made runs: which pairs are found, where the run is cut, and what is forced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/conflicts.h"
#include "tests/unit/made_log.h"

#define SAVINGS 1
#define LEDGER 2
#define BOTH 0x6ull /* the slots of lanes 2 and 3 */

static struct reversals found;

/* Main has ended its part; alice (2) and bob (3) can run. One decision came before. */
static struct run_log *two_tellers(void)
{
	struct run_log *log = made_log(3);

	made_event(log, 1, 1, EVENT_THREAD_JOIN, 0, 0);
	made_decision(log, DECISION_NEXT, 1, 1, 2, "23");
	return log;
}

static void search(struct run_log *log)
{
	conflicts_find(log, 12, &found);
	run_log_free(log);
}

static void assert_force(const struct plan_decision *force, unsigned kind, uint32_t lane,
			 uint64_t k, int64_t choice)
{
	assert_int_equal(force->kind, kind);
	assert_int_equal(force->lane, lane);
	assert_int_equal(force->k, k);
	assert_int_equal(force->choice, choice);
}

/*
 * Alice locks at her k 5, where bob could have gone on; bob locks later. The change: at alice's
 * point bob goes on; in the second form he is left again at his next point.
 */
static void a_lock_is_reversed(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 2, 6, EVENT_MUTEX_UNLOCK, SAVINGS, 2);
	made_decision(log, DECISION_NEXT, 2, 7, 3, "3");
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, SAVINGS, 3);
	made_event(log, 3, 10, EVENT_MUTEX_UNLOCK, SAVINGS, 4);
	made_event(log, 3, 11, EVENT_MUTEX_LOCK, LEDGER, 5);
	search(log);
	assert_int_equal(found.count, 2);

	assert_int_equal(found.all[0].cut, 1);
	assert_int_equal(found.all[0].steps, 2);
	assert_int_equal(found.all[0].first, 3);
	assert_int_equal(found.all[0].second, 6);
	assert_int_equal(found.all[0].forced, 1);
	assert_false(found.all[0].both_write);
	assert_force(&found.all[0].force[0], DECISION_PICK, 2, 5, 3);

	/* Unlocking is no point: he goes on to his next lock. */
	assert_int_equal(found.all[1].forced, 2);
	assert_int_equal(found.all[1].pair, found.all[0].pair);
	assert_force(&found.all[1].force[0], DECISION_PICK, 2, 5, 3);
	assert_force(&found.all[1].force[1], DECISION_PICK, 3, 11, 2);
}

static void without_a_later_point_there_is_no_second_form(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, SAVINGS, 3);
	made_event(log, 3, 10, EVENT_MUTEX_UNLOCK, SAVINGS, 4);
	search(log);
	assert_int_equal(found.count, 1);
}

/* Before its lane has done anything that others notice: dearer than in the middle of that. */
static void in_the_middle_comes_first(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_LOAD, SAVINGS, 1);
	made_offer(log, DECISION_PICK, 2, 6, BOTH);
	made_event(log, 2, 6, EVENT_STORE, SAVINGS, 2);
	made_event(log, 3, 9, EVENT_STORE, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 2);
	assert_int_equal(found.all[0].first, 3);
	assert_int_equal(found.all[1].first, 5);
	assert_true(found.all[0].penalty > found.all[1].penalty);
}

/* A loop that waits: its first look is reversed, and one after it has changed something. */
static void looking_again_is_no_other_operation(void **state)
{
	struct run_log *log = two_tellers();
	uint64_t k;

	(void)state;
	for (k = 5; k < 9; k++) {
		made_offer(log, DECISION_PICK, 2, k, BOTH);
		made_event(log, 2, k, EVENT_LOAD, SAVINGS, 1);
	}
	made_event(log, 2, 9, EVENT_STORE, LEDGER, 2);
	for (k = 10; k < 13; k++) {
		made_offer(log, DECISION_PICK, 2, k, BOTH);
		made_event(log, 2, k, EVENT_LOAD, SAVINGS, 1);
	}
	made_event(log, 3, 9, EVENT_STORE, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 2);
	assert_int_equal(found.all[0].force[0].k, 5);
	assert_int_equal(found.all[1].force[0].k, 10);
}

static void a_lane_that_was_not_offered_cannot_go_first(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_offer(log, DECISION_PICK, 2, 5, 0x3); /* main and alice */
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 0);

	/* Nor when there was no choice at all. */
	log = two_tellers();
	made_event(log, 2, 4, EVENT_MUTEX_LOCK, LEDGER, 1);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 0);
}

/* Other objects, reads among themselves, and one lane alone do not conflict. */
static void what_commutes_is_left_alone(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, LEDGER, 3);
	search(log);
	assert_int_equal(found.count, 0);

	log = two_tellers();
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_RWLOCK_RDLOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_RWLOCK_RDLOCK, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 0);

	log = two_tellers();
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 2, 6, EVENT_MUTEX_LOCK, SAVINGS, 1);
	search(log);
	assert_int_equal(found.count, 0);
}

static void a_write_after_a_read_is_one(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_RWLOCK_RDLOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_RWLOCK_WRLOCK, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 1);
	assert_false(found.all[0].both_write);

	log = two_tellers();
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_COND_SIGNAL, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_COND_SIGNAL, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 1);
	assert_true(found.all[0].both_write);
}

/* Where the lane had the turn by a decision, that decision is replaced and not added to. */
static void a_decision_is_taken_otherwise(void **state)
{
	struct run_log *log = made_log(3);

	(void)state;
	made_decision(log, DECISION_NEXT, 1, 7, 2, "23");
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.all[0].cut, 0);
	assert_force(&found.all[0].force[0], DECISION_NEXT, 1, 7, 3);
}

/* Alice was preempted for bob: that alice goes first needs no entry, it is the default. */
static void undoing_a_preemption_forces_nothing(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_decision(log, DECISION_PICK, 2, 5, 3, "23");
	made_announce(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, SAVINGS, 3);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	search(log);
	/* The announcement comes between the decision and the operation. */
	assert_int_equal(found.count, 1);
	assert_int_equal(found.all[0].cut, 1);
	assert_int_equal(found.all[0].forced, 0);
}

static void both_objects_of_an_operation_count(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event2(log, 2, 5, EVENT_COND_WAIT, LEDGER, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, SAVINGS, 3);
	search(log);
	assert_int_equal(found.count, 1);
}

/* A signal to alice conflicts with her operations on anything. */
static void a_signal_conflicts_with_its_receiver(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_lane_object(log, 7, 2);
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_KILL, 7, 3);
	search(log);
	assert_int_equal(found.count, 1);
	assert_force(&found.all[0].force[0], DECISION_PICK, 2, 5, 3);

	/* One to somebody else does not. */
	log = two_tellers();
	made_lane_object(log, 7, 1);
	made_offer(log, DECISION_PICK, 2, 5, BOTH);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 9, EVENT_KILL, 7, 3);
	search(log);
	assert_int_equal(found.count, 0);
}

/* Who could still run when the process ended, and the end before what others did. */
static void the_end_conflicts_with_everything(void **state)
{
	struct run_log *log = made_log(3);

	(void)state;
	made_offer(log, DECISION_PICK, 2, 5, 0x7);
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_offer(log, DECISION_PICK, 1, 3, 0x5);
	made_event(log, 1, 3, EVENT_EXIT, 0, 2);
	search(log);
	assert_int_equal(found.count, 2);
	/* main ends before alice locks */
	assert_int_equal(found.all[0].steps, 0);
	assert_force(&found.all[0].force[0], DECISION_PICK, 2, 5, 1);
	/* bob goes on before the end */
	assert_int_equal(found.all[1].steps, 2);
	assert_force(&found.all[1].force[0], DECISION_PICK, 1, 3, 3);
}

/* Which waiter is woken, a time-out, a spurious wake-up: each is a change of its own. */
static void choices_that_were_not_taken(void **state)
{
	struct run_log *log = two_tellers();

	(void)state;
	made_offer(log, DECISION_SIGNAL, 1, 8, BOTH);
	made_event(log, 1, 8, EVENT_COND_SIGNAL, SAVINGS, 1);
	made_offer(log, DECISION_TIMEOUT, 2, 6, 0);
	made_event(log, 2, 6, EVENT_COND_TIMEDWAIT, SAVINGS, 2);
	made_offer(log, DECISION_SPURIOUS, 3, 6, 0);
	made_event(log, 3, 6, EVENT_COND_WAIT, SAVINGS, 3);
	made_offer(log, DECISION_TRYLOCK, 3, 7, 0);
	made_event(log, 3, 7, EVENT_MUTEX_TRYLOCK, LEDGER, 3);
	search(log);
	/* A free lock that cannot be taken is not among them. */
	assert_int_equal(found.count, 4);
	assert_force(&found.all[0].force[0], DECISION_SIGNAL, 1, 8, 2);
	assert_force(&found.all[1].force[0], DECISION_SIGNAL, 1, 8, 3);
	assert_force(&found.all[2].force[0], DECISION_TIMEOUT, 2, 6, 1);
	assert_force(&found.all[3].force[0], DECISION_SPURIOUS, 3, 6, 1);
	assert_true(found.all[3].penalty > found.all[2].penalty);
	assert_int_equal(found.all[2].cut, 1);
}

static void a_pair_is_offered_so_often(void **state)
{
	struct run_log *log = two_tellers();
	uint64_t k;

	(void)state;
	for (k = 1; k <= 10; k++) {
		made_offer(log, DECISION_PICK, 2, k, BOTH);
		made_event(log, 2, k, EVENT_MUTEX_LOCK, SAVINGS, 1);
	}
	made_event(log, 3, 9, EVENT_MUTEX_LOCK, SAVINGS, 3);
	conflicts_find(log, 4, &found);
	assert_int_equal(found.count, 4);
	/* The last ones of the run are the nearest, and they are in order of place. */
	assert_true(found.all[0].steps < found.all[3].steps);
	conflicts_find(log, 100, &found);
	assert_int_equal(found.count, 10);
	run_log_free(log);
}

/* Deterministic, and nothing is left of the run before. */
static void the_list_is_emptied(void **state)
{
	(void)state;
	found.count = 3;
	search(two_tellers());
	assert_int_equal(found.count, 0);
}

struct seen {
	uint64_t pair[8];
	unsigned count;
};

static void see(void *self, uint64_t pair)
{
	struct seen *seen = self;

	assert_true(seen->count < 8);
	seen->pair[seen->count++] = pair;
}

static void pairs_are_those_of_neighbours(void **state)
{
	struct run_log *log = two_tellers();
	struct seen seen = { .count = 0 };

	(void)state;
	made_event(log, 2, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 2, 6, EVENT_MUTEX_UNLOCK, SAVINGS, 2);
	made_event(log, 3, 5, EVENT_MUTEX_LOCK, SAVINGS, 1);
	made_event(log, 3, 6, EVENT_MUTEX_LOCK, LEDGER, 4);
	conflicts_pairs(log, see, &seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.pair[0], conflicts_pair(run_log_site(log, 2), EVENT_MUTEX_UNLOCK,
						      run_log_site(log, 1), EVENT_MUTEX_LOCK));
	run_log_free(log);
	/* The order of the two matters, and so does the kind. */
	assert_int_not_equal(conflicts_pair(1, 2, 3, 4), conflicts_pair(3, 4, 1, 2));
	assert_int_not_equal(conflicts_pair(1, 2, 3, 4), conflicts_pair(1, 2, 3, 5));
}

static int forget(void **state)
{
	(void)state;
	reversals_fini(&found);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_is_reversed),
		cmocka_unit_test(without_a_later_point_there_is_no_second_form),
		cmocka_unit_test(in_the_middle_comes_first),
		cmocka_unit_test(looking_again_is_no_other_operation),
		cmocka_unit_test(a_lane_that_was_not_offered_cannot_go_first),
		cmocka_unit_test(what_commutes_is_left_alone),
		cmocka_unit_test(a_write_after_a_read_is_one),
		cmocka_unit_test(a_decision_is_taken_otherwise),
		cmocka_unit_test(undoing_a_preemption_forces_nothing),
		cmocka_unit_test(both_objects_of_an_operation_count),
		cmocka_unit_test(a_signal_conflicts_with_its_receiver),
		cmocka_unit_test(the_end_conflicts_with_everything),
		cmocka_unit_test(choices_that_were_not_taken),
		cmocka_unit_test(a_pair_is_offered_so_often),
		cmocka_unit_test(the_list_is_emptied),
		cmocka_unit_test(pairs_are_those_of_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
