/*
 * The shared region: its layout as both sides rely on it, and the CLI's half of plan, mailbox and
 * copies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/region.h"

/* A change here needs a new REGION_ABI: an old runtime may meet a new CLI. */
static void layout_is_the_golden_one(void **state)
{
	(void)state;
	assert_int_equal(REGION_ABI, 7);
	assert_int_equal(offsetof(struct region, header), 0);
	assert_int_equal(offsetof(struct region, mailbox), 4096);
	assert_int_equal(offsetof(struct region, numbers), 5120);
	assert_int_equal(offsetof(struct region, server), 5184);
	assert_int_equal(sizeof(struct region_server), 128);
	assert_int_equal(offsetof(struct region, process), 5312);
	assert_int_equal(sizeof(struct region_process), 80);
	assert_int_equal(offsetof(struct region_process, turn), 76);
	assert_int_equal(offsetof(struct region, failure), 5312 + 64 * 80);
	assert_int_equal(sizeof(struct region_failure), 40 + 128 + 512 + 64 * 32);
	assert_int_equal(offsetof(struct region_failure, edges), 40 + 128 + 512);
	assert_int_equal(offsetof(struct region, child_lock), 10432 + 2728);
	assert_int_equal(sizeof(struct region_child_lock), 16);
	assert_int_equal(offsetof(struct region, errors), 13160 + 16);
	assert_int_equal(offsetof(struct region, plan), 13176 + 8 + 16384);
	assert_int_equal(offsetof(struct region, lane) % 4096, 0);
	assert_int_equal(offsetof(struct region, ring) % 4096, 0);
	assert_int_equal(offsetof(struct region, sites) % 4096, 0);
	assert_int_equal(offsetof(struct region_sites, site), 64);
	assert_int_equal(offsetof(struct region_ring, tail), 64);
	assert_int_equal(offsetof(struct region_ring, bytes), 128);
	assert_int_equal(offsetof(struct region, tape) % 4096, 0);
	assert_int_equal(offsetof(struct region_tape, tail), 64);
	assert_int_equal(offsetof(struct region_tape, bytes), 128);
	assert_int_equal(offsetof(struct region_lane, k), 24);
	assert_int_equal(offsetof(struct region_mailbox, payload), 32);
	assert_int_equal(offsetof(struct plan_environment, preload), 32 + 1024 + 4096);
}

static void create_seals_the_size(void **state)
{
	char open_already[128];
	struct region_handle handle;
	char text[REGION_ENV_MAX], path[64];
	unsigned long long nonce;
	int pid, fd, again;
	struct err err;

	(void)state;
	assert_int_equal(region_create(&handle, &err), 0);
	assert_int_equal(handle.map->header.magic, REGION_MAGIC);
	assert_int_equal(handle.map->header.size, sizeof(struct region));
	assert_int_equal(handle.map->header.cli_pid, getpid());
	assert_int_not_equal(ftruncate(handle.fd, 4096), 0);
	assert_int_not_equal(ftruncate(handle.fd, 2 * sizeof(struct region)), 0);
	assert_int_equal(fcntl(handle.fd, F_GETFD), FD_CLOEXEC);

	region_env(&handle, text, sizeof(text));
	assert_int_equal(
		sscanf(text, "FRONTRUN_REGION=/proc%*[/]%d/fd/%d:%16llx", &pid, &fd, &nonce), 3);
	region_env_open(&handle, 7, open_already, sizeof(open_already));
	assert_int_equal(strlen(text), strlen(open_already)); /* the stack begins below them */
	assert_int_equal(nonce, handle.map->header.nonce);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	assert_true(again >= 0);
	close(again);
	region_destroy(&handle);
	assert_null(handle.map);
	assert_int_equal(handle.fd, -1);
}

static struct region *new_region(void **state)
{
	struct region_handle *handle = *state;

	return handle->map;
}

static void plan_holds_its_sections(void **state)
{
	struct region *region = new_region(state);
	const struct plan_section *section;
	uint32_t at = 0, version = region->plan.version;
	struct plan_stop stop = { .lane = 3, .k = 17 };
	struct err err;

	region_plan_begin(region);
	assert_int_equal(
		region_plan_add(region, PLAN_STOP, 1, PLAN_REQUIRED, &stop, sizeof(stop), &err), 0);
	assert_int_equal(region_plan_add(region, PLAN_FILTER, 2, 0, "abcde", 5, &err), 0);
	region_plan_end(region);
	assert_int_equal(region->plan.version, version + 1);

	section = (const void *)region->plan.bytes;
	assert_int_equal(section->type, PLAN_STOP);
	assert_int_equal(section->flags, PLAN_REQUIRED);
	assert_int_equal(section->length, sizeof(stop));
	assert_memory_equal(section + 1, &stop, sizeof(stop));
	at += sizeof(*section) + sizeof(stop);
	section = (const void *)(region->plan.bytes + at);
	assert_int_equal(section->type, PLAN_FILTER);
	assert_int_equal(section->version, 2);
	assert_int_equal(section->length, 5);
	at += sizeof(*section) + 8;
	section = (const void *)(region->plan.bytes + at);
	assert_int_equal(section->type, PLAN_END);
	assert_int_equal(region->plan.length, at + sizeof(*section));
}

static void plan_refuses_what_does_not_fit(void **state)
{
	struct region *region = new_region(state);
	static uint8_t big[REGION_PLAN_BYTES];
	uint32_t room;
	struct err err;

	region_plan_begin(region);
	room = region_plan_room(region);
	assert_true(room > REGION_PLAN_BYTES - 256);
	assert_int_equal(region_plan_add(region, PLAN_FILTER, 1, 0, big, room + 1, &err), -28);
	assert_true(strlen(err.text) > 0);
	assert_int_equal(region_plan_add(region, PLAN_FILTER, 1, 0, big, room, &err), 0);
	region_plan_end(region);
	assert_true(region->plan.length <= REGION_PLAN_BYTES);
	assert_null(region_plan_reserve(region, PLAN_STOP, 1, 0, 1, &err));
}

static void mailbox_takes_only_what_makes_sense(void **state)
{
	struct region *region = new_region(state);
	struct region_mailbox request;

	assert_false(region_mailbox_take(region, &request));
	region->mailbox.type = MAILBOX_PAUSED;
	region->mailbox.lane = 2;
	region->mailbox.length = 4;
	region->mailbox.state = 1;
	assert_true(region_mailbox_take(region, &request));
	assert_int_equal(request.lane, 2);
	region_mailbox_answer(region, 7, "xy", 2);
	assert_int_equal(region->mailbox.state, 2);
	assert_int_equal(region->mailbox.answer, 7);
	assert_int_equal(region->mailbox.length, 2);

	region->mailbox.length = sizeof(region->mailbox.payload) + 1;
	region->mailbox.state = 1;
	assert_false(region_mailbox_take(region, &request));
	assert_int_equal(region->mailbox.answer, -22);
	region->mailbox.length = 0;
	region->mailbox.type = 99;
	region->mailbox.state = 1;
	assert_false(region_mailbox_take(region, &request));
	assert_int_equal(region->mailbox.state, 2);
}

static void copies_are_bounded(void **state)
{
	struct region *region = new_region(state);
	struct region_failure failure;
	struct region_lane lane;
	char detail[8];

	region->failure.kind = 1000;
	region->failure.edge_count = ~0u;
	region->failure.cycle_length = ~0u;
	region->failure.frame_count = ~0u;
	memset(region->failure.text, 'x', sizeof(region->failure.text));
	region_copy_failure(region, &failure);
	assert_int_equal(failure.kind, VERDICT_NONE);
	assert_int_equal(failure.edge_count, REGION_EDGES);
	assert_int_equal(failure.cycle_length, REGION_EDGES);
	assert_int_equal(failure.frame_count, REGION_FRAMES);
	assert_int_equal(strlen(failure.text), sizeof(failure.text) - 1);

	region->header.boot = 77;
	memset(region->header.boot_detail, 'y', sizeof(region->header.boot_detail));
	assert_int_equal(region_boot(region, detail, sizeof(detail)), BOOT_NONE);
	assert_string_equal(detail, "yyyyyyy");

	region->lane[5].number = 9;
	region->lane[5].state = 200;
	assert_false(region_copy_lane(region, 5, &lane));
	region->lane[5].state = LANE_BLOCKED;
	assert_true(region_copy_lane(region, 5, &lane));
}

static void stderr_tail_is_in_order(void **state)
{
	struct region *region = new_region(state);
	static char text[REGION_STDERR_BYTES];
	size_t i;

	assert_int_equal(region_copy_stderr(region, text), 0);
	memcpy(region->errors.bytes, "hello", 5);
	region->errors.written = 5;
	assert_int_equal(region_copy_stderr(region, text), 5);
	assert_memory_equal(text, "hello", 5);

	/* Wrapped: the oldest byte is the one behind the newest. */
	for (i = 0; i < REGION_STDERR_BYTES; i++)
		region->errors.bytes[i] = i < 100 ? 'b' : 'a';
	region->errors.written = REGION_STDERR_BYTES + 100;
	assert_int_equal(region_copy_stderr(region, text), REGION_STDERR_BYTES);
	assert_int_equal(text[0], 'a');
	assert_int_equal(text[REGION_STDERR_BYTES - 101], 'a');
	assert_int_equal(text[REGION_STDERR_BYTES - 100], 'b');
	region->errors.written = REGION_STDERR_BYTES;
	assert_int_equal(region_copy_stderr(region, text), REGION_STDERR_BYTES);
	assert_int_equal(text[0], 'b');
}

static void reset_keeps_plan_and_identity(void **state)
{
	struct region *region = new_region(state);
	uint64_t nonce = region->header.nonce;
	struct plan_stop stop = { .lane = 1 };
	uint32_t length;

	region_plan_begin(region);
	region_plan_add(region, PLAN_STOP, 1, 0, &stop, sizeof(stop), NULL);
	region_plan_end(region);
	length = region->plan.length;
	region->header.boot = BOOT_OK;
	region->numbers.lane = 4;
	region->process[3].state = 1;
	region->failure.kind = VERDICT_DEADLOCK;
	region->ring[0].head = region->ring[0].tail = 4096;
	region_reset(region);
	assert_int_equal(region->header.nonce, nonce);
	assert_int_equal(region->header.magic, REGION_MAGIC);
	assert_int_equal(region->header.boot, BOOT_NONE);
	assert_int_equal(region->plan.length, length);
	assert_int_equal(region->numbers.lane, 0);
	assert_int_equal(region->process[3].state, 0);
	assert_int_equal(region->failure.kind, VERDICT_NONE);
	assert_int_equal(region->ring[0].head, 0);
	assert_int_equal(region->ring[0].tail, 0);
}

static int set_up(void **state)
{
	static struct region_handle handle;

	*state = &handle;
	return region_create(&handle, NULL);
}

static int tear_down(void **state)
{
	region_destroy(*state);
	return 0;
}

#define WITH_REGION(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_the_golden_one),
		cmocka_unit_test(create_seals_the_size),
		WITH_REGION(plan_holds_its_sections),
		WITH_REGION(plan_refuses_what_does_not_fit),
		WITH_REGION(mailbox_takes_only_what_makes_sense),
		WITH_REGION(copies_are_bounded),
		WITH_REGION(stderr_tail_is_in_order),
		WITH_REGION(reset_keeps_plan_and_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
