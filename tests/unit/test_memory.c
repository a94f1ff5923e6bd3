/*
 * The tables behind accesses to memory: what covers an address, what has been freed, and values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "preload/memory/blocks.h"
#include "preload/memory/pages.h"
#include "preload/memory/quarantine.h"
#include "preload/memory/value.h"

#define ROOM 64u

static bool has(const struct pages *pages, uint64_t address, uint32_t item)
{
	uint32_t at;

	for (at = pages_first(pages, address); at; at = pages_next(pages, at))
		if (pages_item(pages, at) == item)
			return true;
	return false;
}

static void pages_find_what_covers_them(void **state)
{
	struct pages_node nodes[ROOM];
	uint32_t heads[16] = { 0 };
	struct pages pages = { .heads = heads, .head_mask = 15, .nodes = nodes, .room = ROOM };

	(void)state;
	assert_true(pages_enter(&pages, 7, 0x1ff8, 16)); /* two pages */
	assert_true(pages_enter(&pages, 8, 0x1000, 16));
	assert_true(has(&pages, 0x1000, 7) && has(&pages, 0x2004, 7) && has(&pages, 0x1008, 8));
	assert_false(has(&pages, 0x3000, 7));
	pages_leave(&pages, 7, 0x1ff8, 16);
	assert_false(has(&pages, 0x1ff8, 7) || has(&pages, 0x2000, 7));
	assert_true(has(&pages, 0x1000, 8));
}

static void pages_use_room_again_and_refuse_more(void **state)
{
	struct pages_node nodes[ROOM];
	uint32_t heads[16] = { 0 }, i;
	struct pages pages = { .heads = heads, .head_mask = 15, .nodes = nodes, .room = ROOM };

	(void)state;
	for (i = 0; i < ROOM; i++)
		assert_true(pages_enter(&pages, i, i * 0x1000ull, 1));
	assert_false(pages_enter(&pages, ROOM, 0x1000, 1));
	pages_leave(&pages, 3, 0x3000, 1);
	assert_false(pages_enter(&pages, ROOM, 0x5ff8, 16)); /* two would be needed */
	assert_true(pages_enter(&pages, ROOM, 0x5000, 16));
	assert_true(has(&pages, 0x5000, 5) && has(&pages, 0x5000, ROOM));
	assert_false(has(&pages, 0x3000, 3));
}

static uint64_t given_back[4096];
static unsigned given_back_count;

static void give_back(const struct freed *freed)
{
	given_back[given_back_count++ % 4096] = freed->start;
}

static void quarantine_keeps_the_latest(void **state)
{
	struct freed freed = { .size = 64, .lane = 2 };
	uint64_t i;

	(void)state;
	assert_null(quarantine_find(0x10000));
	for (i = 0; i < 3000; i++) {
		freed.start = 0x10000 + i * 64;
		freed.k = i;
		assert_true(quarantine_put(&freed, give_back));
	}
	/* 2,048 of them have room: the oldest are gone, in the order in which they came. */
	assert_int_equal(given_back_count, 3000 - 2048);
	assert_int_equal(given_back[0], 0x10000);
	assert_int_equal(given_back[951], 0x10000 + 951 * 64);
	assert_null(quarantine_find(0x10000 + 951 * 64 + 63));
	assert_non_null(quarantine_find(0x10000 + 952 * 64));
	assert_int_equal(quarantine_find(0x10000 + 2999 * 64 + 63)->k, 2999);
	assert_null(quarantine_find(0x10000 + 3000 * 64));
	/* One that is too large is not kept, and an empty one neither. */
	freed.start = 0x40000000;
	freed.size = 2 << 20;
	assert_false(quarantine_put(&freed, give_back));
	freed.size = 0;
	assert_false(quarantine_put(&freed, give_back));
}

static void blocks_are_numbered_by_lane(void **state)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	const struct block *block;

	(void)state;
	strcpy(lane->path, "1.2");
	blocks_add(lane, 0x5000, 100, 11);
	blocks_add(lane, 0x6000, 8000, 12);
	block = blocks_find(0x7abc);
	assert_non_null(block);
	assert_int_equal(block->n, 2);
	assert_int_equal(block->context, 12);
	assert_string_equal(block->path, "1.2");
	assert_null(blocks_find(0x5064));
	blocks_remove(0x6000);
	assert_null(blocks_find(0x7abc));
	assert_int_equal(blocks_find(0x5000)->n, 1);
	blocks_add(lane, 0x6000, 16, 13);
	assert_int_equal(blocks_find(0x6008)->n, 3);
	free(lane);
}

static void values_are_read_and_written_down(void **state)
{
	char text[VALUE_TEXT];
	int16_t small = -5;
	uint64_t value, before = 4;

	(void)state;
	assert_true(value_peek((uint64_t)(uintptr_t)&small, sizeof(small), &value));
	assert_int_equal(value, 0xfffb);
	assert_int_equal(value_signed(value, 2), -5);
	value_write(text, 2, value, NULL);
	assert_string_equal(text, "-5");
	value_write(text, 4, 5, &before);
	assert_string_equal(text, "5 (was 4)");
	value_write(text, 8, 0x7fffdeadbeefull, NULL);
	assert_string_equal(text, "0x7fffdeadbeef");
	value_write(text, 8, UINT64_MAX, NULL);
	assert_string_equal(text, "-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_find_what_covers_them),
		cmocka_unit_test(pages_use_room_again_and_refuse_more),
		cmocka_unit_test(quarantine_keeps_the_latest),
		cmocka_unit_test(blocks_are_numbered_by_lane),
		cmocka_unit_test(values_are_read_and_written_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
