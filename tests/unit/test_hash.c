/*
 * The two hashes of a run: order_hash tells any two orders apart, hb_hash is the same for schedules
 * that differ in the order of independent operations only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/hash.h"

enum { LANES = 3, OBJECTS = 2 };

struct operation {
	unsigned lane, kind;
	int object; /* -1: none */
};

struct hashes {
	uint64_t order, hb;
};

static struct hashes hashes_of(const struct operation *operations, unsigned count)
{
	struct hash_chain lanes[LANES] = { { 0 } }, objects[OBJECTS] = { { 0 } };
	struct hashes hashes = { .order = HASH_START };
	unsigned i;

	for (i = 0; i < count; i++) {
		const struct operation *op = &operations[i];
		uint64_t lane_id = hash_id(0, op->lane + 1, 0);
		uint64_t object_id = op->object < 0 ? 0 : hash_id(1, 7, (uint64_t)op->object);

		hashes.order = hash_order_event(hashes.order, lane_id, op->kind, object_id, 0);
		hashes.hb += hash_hb_event(&lanes[op->lane], lane_id, op->kind,
					   op->object < 0 ? NULL : &objects[op->object], object_id);
	}
	return hashes;
}

/* Must two operations keep their order? The rule that hb_hash implements, said once more. */
static bool dependent(const struct operation *a, const struct operation *b)
{
	if (a->lane == b->lane)
		return true;
	if (a->object < 0 || a->object != b->object)
		return false;
	if (event_table[a->kind].access == ACCESS_NONE ||
	    event_table[b->kind].access == ACCESS_NONE)
		return false;
	return event_table[a->kind].access != ACCESS_READ ||
	       event_table[b->kind].access != ACCESS_READ;
}

static const struct operation run[] = {
	{ 0, EVENT_MUTEX_LOCK, 0 },    { 1, EVENT_RWLOCK_RDLOCK, 1 }, { 2, EVENT_RWLOCK_RDLOCK, 1 },
	{ 0, EVENT_MUTEX_UNLOCK, 0 },  { 1, EVENT_YIELD, -1 },        { 2, EVENT_SLEEP, -1 },
	{ 1, EVENT_MUTEX_LOCK, 0 },    { 2, EVENT_RWLOCK_UNLOCK, 1 }, { 1, EVENT_MUTEX_UNLOCK, 0 },
	{ 1, EVENT_RWLOCK_UNLOCK, 1 }, { 0, EVENT_RWLOCK_WRLOCK, 1 }, { 2, EVENT_COND_SIGNAL, 0 },
};

enum { COUNT = sizeof run / sizeof *run };

static void swapping_neighbours(void **unused)
{
	struct hashes plain = hashes_of(run, COUNT), swapped;
	struct operation other[COUNT];
	unsigned i, independent = 0;

	(void)unused;
	for (i = 0; i + 1 < COUNT; i++) {
		if (run[i].lane == run[i + 1].lane)
			continue; /* no schedule does that */
		memcpy(other, run, sizeof run);
		other[i] = run[i + 1];
		other[i + 1] = run[i];
		swapped = hashes_of(other, COUNT);
		assert_true(swapped.order != plain.order);
		if (dependent(&run[i], &run[i + 1])) {
			assert_true(swapped.hb != plain.hb);
		} else {
			assert_true(swapped.hb == plain.hb);
			independent++;
		}
	}
	assert_true(independent >= 4);
}

/* Any number of swaps of independent neighbours. */
static void equivalent_schedules(void **unused)
{
	struct hashes plain = hashes_of(run, COUNT);
	struct operation other[COUNT], saved;
	uint64_t random = 1;
	unsigned i, at, different = 0;

	(void)unused;
	memcpy(other, run, sizeof run);
	for (i = 0; i < 2000; i++) {
		random = hash_finish(random + i);
		at = (unsigned)(random % (COUNT - 1));
		if (dependent(&other[at], &other[at + 1]))
			continue;
		saved = other[at];
		other[at] = other[at + 1];
		other[at + 1] = saved;
		assert_true(hashes_of(other, COUNT).hb == plain.hb);
		different += hashes_of(other, COUNT).order != plain.order;
	}
	assert_true(different > 100);
}

static void results_count_where_they_are_of_the_schedule(void **unused)
{
	uint64_t id = hash_id(0, 1, 0);

	(void)unused;
	assert_true(hash_order_event(1, id, EVENT_MUTEX_TRYLOCK, 5, 0) !=
		    hash_order_event(1, id, EVENT_MUTEX_TRYLOCK, 5, 16));
	/* What read(2) returns is the outside's. */
	assert_true(hash_order_event(1, id, EVENT_READ, 5, 0) ==
		    hash_order_event(1, id, EVENT_READ, 5, 16));
	assert_true(hash_order_event(1, id, EVENT_MUTEX_LOCK, 5, 0) !=
		    hash_order_event(1, id, EVENT_MUTEX_LOCK, 6, 0));
	assert_true(hash_order_decision(1, id, 0, 2) != hash_order_decision(1, id, 0, 3));
	assert_true(hash_order_decision(1, id, 0, 2) != hash_order_decision(1, id, 1, 2));
}

/* A changed constant would make old traces fail to verify. */
static void the_numbers_are_the_golden_ones(void **unused)
{
	(void)unused;
	assert_true(hash_id(0, 1, 1) == 0x76d63f49ec138170ull);
	assert_true(hash_bytes("libc.so.6", 9) == 0x5541573dac498cbeull);
	assert_true(hash_order_decision(HASH_START, hash_id(0, 1, 1), 0, 2) ==
		    0x8b266ff495de03cfull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swapping_neighbours),
		cmocka_unit_test(equivalent_schedules),
		cmocka_unit_test(results_count_where_they_are_of_the_schedule),
		cmocka_unit_test(the_numbers_are_the_golden_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
