/*
 * Profiles: how often who uses what, which places are private, and which object is drawn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fuzz/profile.h"
#include "tests/unit/made_log.h"

#define SAVINGS 1
#define LEDGER 2
#define MINE 3

struct fixture {
	struct profile *profile;
	struct plan_profile *section;
	size_t room;
	uint64_t *sites;
	size_t sites_room;
	bool library;
};

static int begin(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .profile = profile_new() };
	*state = &fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	profile_free(fixture->profile);
	free(fixture->section);
	free(fixture->sites);
	return 0;
}

static void uses(struct run_log *log, uint32_t lane, unsigned kind, uint32_t object,
		 uint32_t context, unsigned times)
{
	uint64_t k;

	for (k = 1; k <= times; k++)
		made_event(log, lane, 100 * context + k, kind, object, context);
}

static void feed(struct fixture *fixture, struct run_log *log)
{
	profile_feed(fixture->profile, log);
	run_log_free(log);
}

/* The row of a lane in the section at hand; -1: none. */
static int64_t events(const struct fixture *fixture, uint32_t lane)
{
	uint32_t i;

	for (i = 0; i < fixture->section->count; i++)
		if (fixture->section->rows[i].lane == made_lane_id(lane))
			return (int64_t)fixture->section->rows[i].events;
	return -1;
}

#define DRAWN 99 /* more than there are */

static uint32_t take(struct fixture *fixture, size_t n, uint64_t draw)
{
	return profile_take(fixture->profile, n, draw, &fixture->section, &fixture->room,
			    &fixture->library);
}

static void shared_objects_by_number_of_uses(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(3);
	uint32_t bytes;

	uses(log, 2, EVENT_MUTEX_LOCK, LEDGER, 1, 3);
	uses(log, 2, EVENT_MUTEX_LOCK, SAVINGS, 2, 5);
	uses(log, 3, EVENT_MUTEX_LOCK, SAVINGS, 2, 7);
	uses(log, 3, EVENT_MUTEX_LOCK, LEDGER, 1, 1);
	uses(log, 3, EVENT_MUTEX_LOCK, MINE, 4, 50);
	/* Not counted: no point precedes them. */
	uses(log, 3, EVENT_MUTEX_UNLOCK, SAVINGS, 5, 9);
	feed(fixture, log);
	assert_int_equal(profile_objects(fixture->profile), 2);

	bytes = take(fixture, 0, 0);
	assert_int_equal(fixture->section->object, made_object_id(SAVINGS));
	/* main did nothing itself, but it is the parent: it comes first. */
	assert_int_equal(fixture->section->count, 3);
	assert_int_equal(bytes, sizeof(struct plan_profile) + 3 * sizeof(struct plan_profile_row));
	assert_int_equal(fixture->section->rows[0].lane, made_lane_id(1));
	assert_int_equal(fixture->section->rows[1].parent, made_lane_id(1));
	assert_int_equal(events(fixture, 1), 0);
	assert_int_equal(events(fixture, 2), 5);
	assert_int_equal(events(fixture, 3), 7);

	take(fixture, 1, 0);
	assert_int_equal(fixture->section->object, made_object_id(LEDGER));
	/* Behind the last one it is drawn. */
	assert_true(take(fixture, 2, UINT64_MAX) > 0);
}

static void only_read_is_no_target(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(3);

	uses(log, 2, EVENT_RWLOCK_RDLOCK, SAVINGS, 1, 3);
	uses(log, 3, EVENT_RWLOCK_RDLOCK, SAVINGS, 1, 3);
	feed(fixture, log);
	assert_int_equal(profile_objects(fixture->profile), 0);
	assert_int_equal(take(fixture, 0, 5), 0);
	/* Until somebody writes, in another run. */
	log = made_log(3);
	uses(log, 2, EVENT_RWLOCK_WRLOCK, SAVINGS, 2, 1);
	uses(log, 3, EVENT_RWLOCK_RDLOCK, SAVINGS, 1, 1);
	feed(fixture, log);
	assert_int_equal(profile_objects(fixture->profile), 1);
}

static void the_most_of_all_runs_counts(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(3);

	uses(log, 2, EVENT_MUTEX_LOCK, SAVINGS, 1, 9);
	uses(log, 3, EVENT_MUTEX_LOCK, SAVINGS, 1, 1);
	feed(fixture, log);
	log = made_log(3);
	uses(log, 2, EVENT_MUTEX_LOCK, SAVINGS, 1, 2);
	uses(log, 3, EVENT_MUTEX_LOCK, SAVINGS, 1, 4);
	feed(fixture, log);
	take(fixture, 0, 0);
	assert_int_equal(events(fixture, 2), 9);
	assert_int_equal(events(fixture, 3), 4);
}

static void a_place_is_private_until_it_is_shared(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(3);
	uint64_t mine;

	uses(log, 2, EVENT_MUTEX_LOCK, SAVINGS, 1, 1);
	uses(log, 3, EVENT_MUTEX_LOCK, SAVINGS, 1, 1);
	uses(log, 3, EVENT_MUTEX_LOCK, MINE, 2, 1);
	uses(log, 3, EVENT_KILL, 0, 3, 1);
	mine = run_log_site(log, 2);
	feed(fixture, log);
	/* Neither the lock of both, nor the signal that concerns nobody knows whom. */
	assert_int_equal(
		profile_private_sites(fixture->profile, &fixture->sites, &fixture->sites_room), 1);
	assert_int_equal(fixture->sites[0], mine);
	log = made_log(3);
	uses(log, 2, EVENT_MUTEX_LOCK, MINE, 2, 1);
	uses(log, 3, EVENT_MUTEX_LOCK, MINE, 2, 1);
	feed(fixture, log);
	assert_int_equal(
		profile_private_sites(fixture->profile, &fixture->sites, &fixture->sites_room), 0);
	/* And shared it stays. */
	log = made_log(3);
	uses(log, 3, EVENT_MUTEX_LOCK, MINE, 2, 1);
	feed(fixture, log);
	assert_int_equal(
		profile_private_sites(fixture->profile, &fixture->sites, &fixture->sites_room), 0);
}

/* Who used the memory first is in no event of the run in which it became shared. */
static void what_is_seen_of_memory_is_shared(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(3);

	uses(log, 3, EVENT_LOAD, SAVINGS, 1, 1);
	uses(log, 3, EVENT_STORE, SAVINGS, 2, 1);
	feed(fixture, log);
	assert_int_equal(
		profile_private_sites(fixture->profile, &fixture->sites, &fixture->sites_room), 0);
	/* An interpreter's agent shows all accesses. */
	log = made_log(3);
	log->interpreted = true;
	uses(log, 3, EVENT_LOAD, SAVINGS, 3, 1);
	feed(fixture, log);
	assert_int_equal(
		profile_private_sites(fixture->profile, &fixture->sites, &fixture->sites_room), 1);
}

/* Giving a lock back matters where its memory may be gone. */
static void an_unlock_is_private_where_nothing_is_freed(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(3);
	uint64_t unlock;

	uses(log, 2, EVENT_MUTEX_UNLOCK, MINE, 1, 1);
	unlock = run_log_site(log, 1);
	feed(fixture, log);
	assert_int_equal(
		profile_private_sites(fixture->profile, &fixture->sites, &fixture->sites_room), 1);
	assert_int_equal(fixture->sites[0], unlock);
	log = made_log(3);
	uses(log, 2, EVENT_MUTEX_UNLOCK, MINE, 1, 1);
	uses(log, 3, EVENT_FREE, LEDGER, 2, 1);
	feed(fixture, log);
	assert_int_equal(
		profile_private_sites(fixture->profile, &fixture->sites, &fixture->sites_room), 0);
}

static void private_sites_ascend(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(2);
	uint32_t i, n;

	for (i = 1; i <= 300; i++)
		uses(log, 2, EVENT_MUTEX_LOCK, i, i, 1);
	feed(fixture, log);
	n = profile_private_sites(fixture->profile, &fixture->sites, &fixture->sites_room);
	assert_int_equal(n, 300);
	for (i = 1; i < n; i++)
		assert_true(fixture->sites[i - 1] < fixture->sites[i]);
}

/* In proportion to the square root of the uses: 64 to 4 is 4 to 1. */
static void drawn_by_the_square_root(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(3);
	unsigned i, often = 0;

	uses(log, 2, EVENT_MUTEX_LOCK, SAVINGS, 1, 32);
	uses(log, 3, EVENT_MUTEX_LOCK, SAVINGS, 1, 32);
	uses(log, 2, EVENT_MUTEX_LOCK, LEDGER, 2, 2);
	uses(log, 3, EVENT_MUTEX_LOCK, LEDGER, 2, 2);
	feed(fixture, log);
	for (i = 0; i < 1000; i++) {
		uint64_t draw = UINT64_MAX / 1000 * i;

		assert_true(take(fixture, DRAWN, draw) > 0);
		often += fixture->section->object == made_object_id(SAVINGS);
	}
	assert_in_range(often, 798, 802);
	assert_true(take(fixture, DRAWN, UINT64_MAX) > 0);
}

/* Of an interpreted program: what its library alone uses comes last, and is seldom drawn. */
static void seldom_what_is_the_librarys(void **state)
{
	struct fixture *fixture = *state;
	struct run_log *log = made_log(3);
	unsigned i, often = 0;

	uses(log, 2, EVENT_MUTEX_LOCK, SAVINGS, 1, 32);
	uses(log, 3, EVENT_MUTEX_LOCK, SAVINGS, 1, 32);
	uses(log, 2, EVENT_MUTEX_LOCK, LEDGER, 1, 32);
	uses(log, 3, EVENT_MUTEX_LOCK, LEDGER, 2, 32);
	log->contexts[1].library = true;
	feed(fixture, log);
	assert_true(take(fixture, 0, 0) > 0);
	assert_int_equal(fixture->section->object, made_object_id(LEDGER));
	assert_false(fixture->library);
	assert_true(take(fixture, 1, 0) > 0);
	assert_int_equal(fixture->section->object, made_object_id(SAVINGS));
	assert_true(fixture->library);
	for (i = 0; i < 900; i++) {
		assert_true(take(fixture, DRAWN, UINT64_MAX / 900 * i) > 0);
		often += fixture->section->object == made_object_id(LEDGER);
	}
	assert_in_range(often, 798, 802); /* 8 to 1 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shared_objects_by_number_of_uses, begin, end),
		cmocka_unit_test_setup_teardown(only_read_is_no_target, begin, end),
		cmocka_unit_test_setup_teardown(the_most_of_all_runs_counts, begin, end),
		cmocka_unit_test_setup_teardown(a_place_is_private_until_it_is_shared, begin, end),
		cmocka_unit_test_setup_teardown(what_is_seen_of_memory_is_shared, begin, end),
		cmocka_unit_test_setup_teardown(an_unlock_is_private_where_nothing_is_freed, begin,
						end),
		cmocka_unit_test_setup_teardown(private_sites_ascend, begin, end),
		cmocka_unit_test_setup_teardown(drawn_by_the_square_root, begin, end),
		cmocka_unit_test_setup_teardown(seldom_what_is_the_librarys, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
