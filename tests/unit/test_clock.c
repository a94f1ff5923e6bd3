/*
 * The virtual clock by itself: readings, deadlines, and that loops which poll in whatever way come
 * to an end.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "preload/clock.h"
#include "preload/decide.h"
#include "preload/lane.h"

#define SECOND 1000000000ll
#define REALTIME (1700000000 * SECOND)
#define MONOTONIC (1000 * SECOND)

/* What the clock needs of the runtime. */
struct schedule schedule;

static struct lane lane, other;
static const struct plan_run plan = { .realtime_ns = REALTIME, .monotonic_ns = MONOTONIC };

const struct plan_run *decide_run(void)
{
	return &plan;
}

static int begin(void **unused)
{
	(void)unused;
	schedule = (struct schedule){ .current = &lane };
	lane.worked = other.worked = 0;
	return 0;
}

static int64_t ns(struct timespec time)
{
	return time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_read(clock, &now);
	assert_in_range(now.tv_nsec, 0, SECOND - 1);
	return ns(now);
}

static void readings_move_it(void **unused)
{
	int64_t last = 0, now;
	int i;

	(void)unused;
	assert_int_equal(read_clock(CLOCK_MONOTONIC), MONOTONIC + 1000);
	assert_int_equal(read_clock(CLOCK_REALTIME), REALTIME + 2000);
	assert_int_equal(read_clock(CLOCK_BOOTTIME), MONOTONIC + 3000);
	for (i = 0; i < 100000; i++) {
		now = read_clock(CLOCK_MONOTONIC);
		assert_true(now > last);
		last = now;
	}
}

static void polling_ends(void **unused)
{
	int64_t end = MONOTONIC + 3600 * SECOND;
	uint64_t n;

	(void)unused;
	for (n = 0; read_clock(CLOCK_MONOTONIC) < end; n++)
		assert_true(n < 5000000);
	begin(NULL);
	for (n = 0; schedule.now < 10 * SECOND; n++) {
		assert_true(n < 20000);
		clock_tick(CLOCK_YIELD);
	}
	begin(NULL);
	for (n = 0; schedule.now < 5 * SECOND; n++) {
		assert_true(n < 1000000);
		clock_tick(CLOCK_OPERATION);
	}
	/* Short work stays short. */
	begin(NULL);
	for (n = 0; n < 1000; n++)
		clock_tick(CLOCK_OPERATION);
	assert_int_equal(schedule.now, 1000 * 1000);
}

static void deadlines(void **unused)
{
	struct timespec at = { 1000, 5 }, before = { -1, 0 }, far = { INT64_MAX, 0 };

	(void)unused;
	assert_int_equal(clock_deadline(CLOCK_MONOTONIC, &at), 5);
	assert_int_equal(clock_deadline(CLOCK_REALTIME, &at), 0); /* long ago */
	assert_int_equal(clock_deadline(CLOCK_MONOTONIC, &before), 0);
	assert_true(clock_deadline(CLOCK_MONOTONIC, &far) > 1000000 * SECOND);
	at.tv_sec = REALTIME / SECOND + 7;
	assert_int_equal(clock_deadline(CLOCK_REALTIME, &at), 7 * SECOND + 5);

	schedule.now = 100;
	at = (struct timespec){ 2, 3 };
	assert_int_equal(clock_after(&at), 2 * SECOND + 103);
	assert_int_equal(clock_after_ns(-5), 100);
	assert_true(clock_after(&far) >= INT64_MAX - 1);
	assert_true(clock_after_ns(INT64_MAX) >= INT64_MAX - 1);
	assert_int_equal(clock_check(&(struct timespec){ 0, 999999999 }), 0);
	assert_int_equal(clock_check(&(struct timespec){ 0, 1000000000 }), EINVAL);
	assert_int_equal(clock_check(&(struct timespec){ 0, -1 }), EINVAL);
}

/* A reading that is later than a deadline on the same clock must also say so in virtual time. */
static void a_deadline_is_what_the_clock_shows(void **unused)
{
	struct timespec now;
	int i;

	(void)unused;
	for (i = 0; i < 1000; i++) {
		clock_read(CLOCK_REALTIME, &now);
		assert_int_equal(clock_deadline(CLOCK_REALTIME, &now), schedule.now);
		clock_read(CLOCK_MONOTONIC, &now);
		assert_int_equal(clock_deadline(CLOCK_MONOTONIC, &now), schedule.now);
	}
}

static void cpu_time_does_not_jump(void **unused)
{
	struct timespec used;

	(void)unused;
	clock_tick(CLOCK_OPERATION);
	schedule.now += 50 * SECOND; /* all slept */
	schedule.current = &other;
	clock_tick(CLOCK_OPERATION);
	clock_read_cpu(NULL, &used);
	assert_int_equal(ns(used), 3000);
	clock_read_cpu(&lane, &used);
	assert_int_equal(ns(used), 1000);
	clock_read_cpu(&other, &used);
	assert_int_equal(ns(used), 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(readings_move_it, begin),
		cmocka_unit_test_setup(polling_ends, begin),
		cmocka_unit_test_setup(deadlines, begin),
		cmocka_unit_test_setup(a_deadline_is_what_the_clock_shows, begin),
		cmocka_unit_test_setup(cpu_time_does_not_jump, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
