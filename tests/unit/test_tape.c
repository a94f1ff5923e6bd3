/*
 * The tape: answers of a trace arrive in the region in order, over the end of the ring, woken for,
 * and ended as the trace ends; a hostile trace or target gets nothing it should not.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/trace_writer.h"
#include "recorder/region.h"
#include "replayer/tape.h"
#include "tests/unit/trace_files.h"

struct bench {
	struct region_handle handle;
	struct tape *tape;
	const char *path;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench || region_create(&bench->handle, NULL))
		return -1;
	bench->path = trace_files_path("tape.zst");
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	tape_close(bench->tape);
	region_destroy(&bench->handle);
	free(bench);
	return 0;
}

/* Bytes of answer n of a long trace: of all lengths up to what fits a record. */
static size_t length_of(uint64_t n)
{
	return n * 997 % (RECORD_MAX - sizeof(struct record_answer) - 2);
}

static void write_trace(const char *path, uint64_t answers, bool outcome)
{
	static uint8_t bytes[RECORD_MAX];
	struct trace_writer *w = trace_writer_open(path, 1, NULL);
	struct err err;
	uint64_t n;

	assert_non_null(w);
	assert_int_equal(trace_writer_header(w, NULL), 0);
	for (n = 0; n < answers; n++) {
		struct trace_answer answer = {
			.call = (uint16_t)(n % 300),
			.lane = (uint32_t)(n % 5),
			.result = (int64_t)n,
			.name = "n",
			.name_len = 1,
			.sent = "s",
			.sent_len = 1,
			.got = bytes,
			.got_len = length_of(n),
		};

		memset(bytes, (int)n, sizeof(bytes));
		assert_int_equal(trace_writer_answer(w, &answer), 0);
	}
	if (outcome)
		assert_int_equal(trace_writer_outcome(w, "exit", NULL), 0);
	assert_int_equal(trace_writer_close(w, &err), 0);
}

static void open_tape(struct bench *bench)
{
	struct err err = { 0 };

	bench->tape = tape_open(bench->path, bench->handle.map, &err);
	assert_non_null(bench->tape);
}

/* Takes the next record as the target does; NULL: there is none. */
static const struct record_answer *take(struct region_tape *tape)
{
	const struct record_head *head;

	while (tape->tail != __atomic_load_n(&tape->head, __ATOMIC_ACQUIRE)) {
		head = (const void *)(tape->bytes + tape->tail % REGION_TAPE_BYTES);
		assert_int_equal(head->size % 8, 0);
		assert_true(head->size >= 8);
		assert_true(tape->tail % REGION_TAPE_BYTES + head->size <= REGION_TAPE_BYTES);
		__atomic_store_n(&tape->tail, tape->tail + head->size, __ATOMIC_RELEASE);
		if (head->type == RECORD_ANSWER)
			return (const void *)head;
		assert_int_equal(head->type, RECORD_PAD);
	}
	return NULL;
}

static void check(const struct record_answer *record, uint64_t n)
{
	size_t len = length_of(n), i;

	assert_int_equal(record->call, n % 300);
	assert_int_equal(record->lane, n % 5);
	assert_int_equal(record->result, n);
	assert_int_equal(record->arg_count, 6);
	assert_int_equal(record->name_length, 1);
	assert_int_equal(record->sent_length, 1);
	assert_int_equal(record->got_length, len);
	assert_int_equal(record->head.size, (sizeof(*record) + 2 + len + 7) & ~7ul);
	assert_memory_equal(record->bytes, "ns", 2);
	for (i = 0; i < len; i += 500)
		assert_int_equal(record->bytes[2 + i], (uint8_t)n);
}

/* 20 MB through a ring of 8: the end is met with and without a pad. */
static void over_the_end(void **state)
{
	const struct record_answer *record;
	struct bench *bench = *state;
	struct region_tape *tape = &bench->handle.map->tape;
	uint64_t n = 0;

	write_trace(bench->path, 5000, true);
	open_tape(bench);
	while (!tape->ended || tape->head != tape->tail) {
		tape_feed(bench->tape);
		assert_true(tape->head - tape->tail <= REGION_TAPE_BYTES);
		while ((record = take(tape)))
			check(record, n++);
	}
	assert_int_equal(n, 5000);
	assert_true(tape->head > 2u * REGION_TAPE_BYTES);
	assert_int_equal(tape->ended, 1);
	assert_int_equal(tape_given(bench->tape), 5000);
	assert_null(tape_error(bench->tape));
	assert_false(tape_feed(bench->tape));
}

/* Full until the target takes something. */
static void full(void **state)
{
	struct bench *bench = *state;
	struct region_tape *tape = &bench->handle.map->tape;
	uint32_t news;
	uint64_t n;

	write_trace(bench->path, 3000, true);
	open_tape(bench);
	assert_true(tape_feed(bench->tape));
	news = tape->news;
	assert_true(news > 0);
	assert_int_equal(tape->ended, 0);
	assert_false(tape_feed(bench->tape));
	assert_int_equal(tape->news, news);
	for (n = 0; n < 10; n++)
		check(take(tape), n);
	assert_true(tape_feed(bench->tape));
	assert_int_equal(tape->news, news + 1);
}

/* A position that no target has: nothing is given, and nothing outside the ring is written. */
static void hostile_tail(void **state)
{
	static const uint64_t tails[] = { 1ull << 40, 1ull << 63, 8, REGION_TAPE_BYTES };
	struct bench *bench = *state;
	struct region *region = bench->handle.map;
	size_t i;

	write_trace(bench->path, 3000, true);
	open_tape(bench);
	for (i = 0; i < 4; i++) {
		region->tape.tail = tails[i];
		assert_false(tape_feed(bench->tape));
		assert_int_equal(region->tape.head, 0);
	}
	region->tape.tail = 0;
	assert_true(tape_feed(bench->tape));
}

static void *target(void *arg)
{
	struct region_tape *tape = arg;
	const struct record_answer *record;
	uint64_t n = 0;

	for (;;) {
		uint32_t news = __atomic_load_n(&tape->news, __ATOMIC_SEQ_CST);
		uint32_t ended = __atomic_load_n(&tape->ended, __ATOMIC_SEQ_CST);

		while ((record = take(tape)))
			check(record, n++);
		if (ended)
			return (void *)(uintptr_t)n;
		__atomic_store_n(&tape->waiting, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &tape->news, FUTEX_WAIT, news, NULL, NULL, 0);
		__atomic_store_n(&tape->waiting, 0, __ATOMIC_SEQ_CST);
	}
}

/* The target sleeps without a time limit: it ends because it is woken. */
static void waiting_target(void **state)
{
	struct bench *bench = *state;
	struct region_tape *tape = &bench->handle.map->tape;
	pthread_t thread;
	void *taken;

	write_trace(bench->path, 4000, true);
	open_tape(bench);
	assert_int_equal(pthread_create(&thread, NULL, target, tape), 0);
	while (!tape->ended)
		if (!tape_feed(bench->tape))
			sched_yield();
	assert_int_equal(pthread_join(thread, &taken), 0);
	assert_int_equal((uintptr_t)taken, 4000);
}

/* No answers, or a trace that was cut: the end is said at once. */
static void ends(void **state)
{
	struct bench *bench = *state;
	struct region_tape *tape = &bench->handle.map->tape;

	write_trace(bench->path, 0, true);
	open_tape(bench);
	assert_true(tape_feed(bench->tape));
	assert_int_equal(tape->ended, 1);
	assert_int_equal(tape->news, 1);
	tape_close(bench->tape);
	tape->ended = 0;
	write_trace(bench->path, 3, false);
	open_tape(bench);
	assert_true(tape_feed(bench->tape));
	assert_int_equal(tape_given(bench->tape), 3);
	assert_int_equal(tape->ended, 2);
	assert_non_null(strstr(tape_error(bench->tape)->text, "interrupted"));
}

/* Lines that are good as lines, but no record of a target. */
static void hostile_answers(void **state)
{
	static char bytes[RECORD_MAX];
	static const struct trace_answer rows[] = {
		{ .got = bytes, .got_len = RECORD_MAX - sizeof(struct record_answer) + 1 },
		{ .name = bytes, .name_len = RECORD_MAX },
		{ .process = REGION_PROCESSES },
		{ .flags = ANSWER_REFERENCE },
	};
	struct bench *bench = *state;
	struct region_tape *tape = &bench->handle.map->tape;
	struct trace_writer *w;
	size_t i;

	for (i = 0; i < 4; i++) {
		w = trace_writer_open(bench->path, 1, NULL);
		trace_writer_header(w, NULL);
		assert_int_equal(trace_writer_answer(w, &(struct trace_answer){ .lane = 1 }), 0);
		assert_int_equal(trace_writer_answer(w, &rows[i]), 0);
		trace_writer_outcome(w, "exit", NULL);
		assert_int_equal(trace_writer_close(w, NULL), 0);
		tape_close(bench->tape);
		memset(tape, 0, offsetof(struct region_tape, bytes));
		open_tape(bench);
		tape_feed(bench->tape);
		assert_int_equal(tape_given(bench->tape), 1);
		assert_int_equal(tape->ended, 2);
		assert_non_null(strstr(tape_error(bench->tape)->text, "answer 2 "));
		assert_false(tape_feed(bench->tape));
	}
}

static void unknown_call(void **state)
{
	const char *frames[] = { "{\"frontrun\":\"header\",\"format\":[1,0],\"requires\":[]}\n",
				 "{\"in\":\"teleport\",\"r\":1}\n{\"outcome\":\"exit\",\"events\":0,"
				 "\"decisions\":0}\n",
				 NULL };
	struct bench *bench = *state;

	trace_files_frames(bench->path, frames, false);
	open_tape(bench);
	tape_feed(bench->tape);
	assert_int_equal(bench->handle.map->tape.ended, 2);
	assert_non_null(strstr(tape_error(bench->tape)->text, "\"teleport\""));
}

#define WITH_TAPE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TAPE(over_the_end), WITH_TAPE(full),           WITH_TAPE(hostile_tail),
		WITH_TAPE(ends),         WITH_TAPE(waiting_target), WITH_TAPE(hostile_answers),
		WITH_TAPE(unknown_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
