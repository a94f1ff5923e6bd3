/*
 * Private sites: which contexts are at one, before and after the list has come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/hash.h"
#include "preload/sites.h"

static const struct record_frame here[] = {
	{ 1, 0, 0x1000 }, { 1, 0, 0x2000 }, { 2, 0, 0x1000 }, { 1, 0, 0x3000 }
};

static void a_site_is_three_frames(void **unused)
{
	struct record_frame frames[4];
	uint32_t i;

	(void)unused;
	assert_true(hash_site(here, 4) == hash_site(here, 3));
	assert_false(hash_site(here, 3) == hash_site(here, 2));
	assert_false(hash_site(here, 1) == hash_site(here, 0));
	for (i = 0; i < 3; i++) {
		__builtin_memcpy(frames, here, sizeof frames);
		frames[i].offset++;
		assert_false(hash_site(frames, 4) == hash_site(here, 4));
		frames[i].offset--;
		frames[i].module++;
		assert_false(hash_site(frames, 4) == hash_site(here, 4));
		frames[i].module--;
		frames[i].flags = 1;
		assert_true(hash_site(frames, 4) == hash_site(here, 4));
	}
}

static void only_what_the_plan_names_is_private(void **unused)
{
	uint64_t first = hash_site(here, 1), second = hash_site(here, 2);
	uint64_t sites[] = { 1, 2, first, UINT64_MAX };

	(void)unused;
	sites_announce(7, here, 1);
	sites_announce(8, here, 2);
	assert_false(sites_private(7));
	/* Contexts that are known already, and new ones. */
	sites_init(sites, 4);
	assert_true(sites_private(7));
	assert_false(sites_private(8));
	assert_false(sites_private(0));
	assert_false(sites_private(9));
	sites_announce(9, here, 1);
	sites_announce(10, here, 2);
	assert_true(sites_private(9));
	assert_false(sites_private(10));
	/* Another run, another list. */
	sites[0] = second;
	sites_init(sites, 1);
	assert_false(sites_private(7));
	assert_true(sites_private(8));
	assert_false(sites_private(9));
	assert_true(sites_private(10));
	sites_init(NULL, 0);
	assert_false(sites_private(8));
	/* Beyond the table nothing is private. */
	sites_init(sites, 1);
	sites_announce(SITES_CONTEXTS, here, 2);
	sites_announce(UINT32_MAX, here, 2);
	assert_false(sites_private(SITES_CONTEXTS));
	assert_false(sites_private(UINT32_MAX));
	sites_announce(SITES_CONTEXTS - 1, here, 2);
	assert_true(sites_private(SITES_CONTEXTS - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_is_three_frames),
		cmocka_unit_test(only_what_the_plan_names_is_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
