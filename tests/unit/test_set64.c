/*
 * The set of hashes: members, counters, growth, and the key 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/hash.h"
#include "fuzz/set64.h"

static void empty_has_nothing(void **state)
{
	struct set64 set = { 0 };

	(void)state;
	assert_false(set64_has(&set, 7));
	assert_int_equal(set64_get(&set, 7), 0);
	assert_int_equal(set.count, 0);
	set64_fini(&set);
	set64_fini(&set);
}

static void a_member_is_new_once(void **state)
{
	struct set64 set = { 0 };

	(void)state;
	assert_true(set64_add(&set, 7));
	assert_false(set64_add(&set, 7));
	assert_true(set64_has(&set, 7));
	assert_false(set64_has(&set, 8));
	assert_int_equal(set.count, 1);
	set64_fini(&set);
	assert_false(set64_has(&set, 7));
}

static void counts_survive_growth(void **state)
{
	struct set64 set = { 0 };
	uint64_t i, j;

	(void)state;
	for (i = 0; i < 10000; i++)
		for (j = 0; j <= i % 3; j++)
			++*set64_at(&set, hash_id(i, 0, 0));
	assert_int_equal(set.count, 10000);
	for (i = 0; i < 10000; i++)
		assert_int_equal(set64_get(&set, hash_id(i, 0, 0)), i % 3 + 1);
	assert_int_equal(set64_get(&set, hash_id(10000, 0, 0)), 0);
	set64_fini(&set);
}

/* Keys that all belong in the last place, so that every search goes round the end. */
static void keys_of_one_place(void **state)
{
	struct set64 set = { 0 };
	uint64_t i;

	(void)state;
	for (i = 1; i <= 500; i++)
		assert_true(set64_add(&set, i << 32 | 0xffffffff));
	for (i = 1; i <= 500; i++)
		assert_true(set64_has(&set, i << 32 | 0xffffffff));
	assert_false(set64_has(&set, 501ull << 32 | 0xffffffff));
	assert_int_equal(set.count, 500);
	set64_fini(&set);
}

static void zero_is_taken_for_one(void **state)
{
	struct set64 set = { 0 };

	(void)state;
	*set64_at(&set, 0) = 5;
	assert_int_equal(set64_get(&set, 0), 5);
	assert_true(set64_has(&set, 0));
	assert_false(set64_add(&set, 0));
	assert_int_equal(set.count, 1);
	set64_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_has_nothing),     cmocka_unit_test(a_member_is_new_once),
		cmocka_unit_test(counts_survive_growth), cmocka_unit_test(keys_of_one_place),
		cmocka_unit_test(zero_is_taken_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
