/*
 * The decisions of a trace as parts of a plan, and its events: all of them, in order, in parts of
 * any size, and what a cut does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/record.h"
#include "formats/trace_reader.h"
#include "formats/trace_writer.h"
#include "replayer/script.h"
#include "tests/unit/sample_trace.h"

enum {
	MANY = 100000,
	PARTS = 2,
	PART_EVENTS = 300000,
	PART_DECISIONS = 80000,
};

static const struct plan_decision sample_decisions[SAMPLE_DECISIONS] = {
	{ .kind = DECISION_PICK, .lane = SAMPLE_MAIN, .k = 2, .choice = SAMPLE_ALICE },
	{ .kind = DECISION_PICK, .lane = SAMPLE_ALICE, .k = 2, .choice = SAMPLE_MAIN },
	{ .kind = DECISION_PICK, .lane = SAMPLE_MAIN, .k = 4, .choice = SAMPLE_BOB },
};

static void check(const struct plan_decision *got, unsigned i)
{
	assert_int_equal(got->kind, sample_decisions[i].kind);
	assert_int_equal(got->lane, sample_decisions[i].lane);
	assert_int_equal(got->k, sample_decisions[i].k);
	assert_int_equal(got->choice, sample_decisions[i].choice);
}

static void parts(void **state)
{
	struct plan_decision out[8];
	const char *path = sample_path();
	struct err err = { 0 };
	struct script *script;
	unsigned max, i, n, total;
	bool more;

	(void)state;
	sample_write(path, &(struct sample){ 0 });
	for (max = 1; max <= 5; max++) {
		script = script_open(path, &err);
		assert_non_null(script);
		if (max % 2)
			script_prefetch(script);
		for (total = 0, more = true; more; total += n) {
			n = script_next(script, out, max, &more);
			assert_true(n <= max);
			for (i = 0; i < n; i++)
				check(&out[i], total + i);
			/* More was promised: then it comes. */
			assert_true(n > 0 || !more);
		}
		assert_int_equal(total, SAMPLE_DECISIONS);
		assert_int_equal(script_served(script), SAMPLE_DECISIONS);
		assert_int_equal(script_next(script, out, max, &more), 0);
		assert_false(more);
		assert_int_equal(script_error(script)->code, 0);
		script_close(script);
	}
}

static void none(void **state)
{
	struct trace_writer *writer;
	struct plan_decision out[1];
	const char *path = sample_path();
	struct err err = { 0 };
	struct script *script;
	bool more = true;

	(void)state;
	writer = trace_writer_open(path, 0, &err);
	trace_writer_header(writer, NULL);
	trace_writer_outcome(writer, "exit", NULL);
	assert_int_equal(trace_writer_close(writer, &err), 0);
	script = script_open(path, &err);
	assert_non_null(script);
	assert_int_equal(script_next(script, out, 1, &more), 0);
	assert_false(more);
	assert_int_equal(script_error(script)->code, 0);
	script_close(script);
}

static void write_many(const char *path)
{
	struct trace_writer *writer;
	struct err err = { 0 };
	uint64_t i;

	writer = trace_writer_open(path, 0, &err);
	trace_writer_header(writer, NULL);
	for (i = 0; i < MANY; i++) {
		struct trace_decision decision = {
			.kind = DECISION_PICK,
			.lane = 1 + i % 3,
			.k = i,
			.to = 1 + (i * 7) % 5,
		};

		assert_int_equal(trace_writer_decision(writer, &decision), 0);
		if (i % 1000 == 999)
			assert_int_equal(trace_writer_flush(writer), 0);
	}
	trace_writer_outcome(writer, "exit", NULL);
	assert_int_equal(trace_writer_close(writer, &err), 0);
}

/* What is there before the damage is served, and the reason is kept. */
static void check_damaged(const char *path, int code)
{
	struct plan_decision out[1000];
	struct err err = { 0 };
	struct script *script;
	uint64_t total = 0;
	uint32_t j, n;
	bool more = true;

	script = script_open(path, &err);
	assert_non_null(script);
	while (more) {
		if (total % 3 == 0)
			script_prefetch(script);
		n = script_next(script, out, 1000, &more);
		for (j = 0; j < n; j++, total++) {
			assert_int_equal(out[j].lane, 1 + total % 3);
			assert_int_equal(out[j].k, total);
			assert_int_equal(out[j].choice, 1 + (total * 7) % 5);
		}
	}
	assert_true(total >= MANY / 4 && total < MANY);
	assert_int_equal(script_error(script)->code, code);
	script_close(script);
}

/* A long trace, cut in the middle. */
static void cut(void **state)
{
	const char *path = sample_path();
	FILE *file;

	(void)state;
	write_many(path);
	file = fopen(path, "r+");
	fseek(file, 0, SEEK_END);
	assert_int_equal(ftruncate(fileno(file), ftell(file) / 2), 0);
	fclose(file);
	check_damaged(path, TRACE_ERR_CUT);
}

/* A frame in the middle is broken; index and outcome are there. */
static void broken(void **state)
{
	const char *path = sample_path();
	FILE *file;

	(void)state;
	write_many(path);
	file = fopen(path, "r+");
	fseek(file, 0, SEEK_END);
	fseek(file, ftell(file) / 2, SEEK_SET);
	assert_int_equal(fwrite("damaged", 1, 7, file), 7);
	fclose(file);
	check_damaged(path, TRACE_ERR_CORRUPT);
}

/* More events in a row than are kept at once, then more decisions than that. */
static void write_apart(const char *path)
{
	struct trace_writer *writer;
	struct err err = { 0 };
	uint64_t events = 0, decisions = 0;
	unsigned part, i;

	writer = trace_writer_open(path, 0, &err);
	trace_writer_header(writer, NULL);
	for (part = 0; part < PARTS; part++) {
		for (i = 0; i < PART_EVENTS; i++, events++) {
			struct trace_event event = {
				.kind = EVENT_MUTEX_LOCK,
				.lane = 1 + events % 3,
				.k = events,
				.result = (int64_t)(events * 7 % 5),
			};

			assert_int_equal(trace_writer_event(writer, &event), 0);
		}
		for (i = 0; i < PART_DECISIONS; i++, decisions++) {
			struct trace_decision decision = {
				.kind = DECISION_PICK,
				.lane = 1,
				.k = decisions,
				.to = 1 + (int64_t)decisions % 5,
			};

			assert_int_equal(trace_writer_decision(writer, &decision), 0);
		}
	}
	trace_writer_outcome(writer, "exit", NULL);
	assert_int_equal(trace_writer_close(writer, &err), 0);
}

/* Whoever takes decisions and events, and in whatever order, gets all of each. */
static void apart(void **state)
{
	static struct plan_decision out[5000];
	const char *path = sample_path();
	struct script_event event;
	struct err err = { 0 };
	struct script *script;
	unsigned way, step, i, n;

	(void)state;
	write_apart(path);
	for (way = 0; way < 4; way++) {
		uint64_t events = 0, decisions = 0;
		bool more = true;

		script = script_open(path, &err);
		assert_non_null(script);
		for (step = 0; more || events < PARTS * PART_EVENTS; step++) {
			if (way == 2)
				script_prefetch(script);
			if (more &&
			    (way == 0 || (way > 1 && step % 3) || events == PARTS * PART_EVENTS)) {
				n = script_next(script, out, 5000, &more);
				for (i = 0; i < n; i++, decisions++) {
					assert_int_equal(out[i].k, decisions);
					assert_int_equal(out[i].choice, 1 + decisions % 5);
				}
				continue;
			}
			for (i = 0; i < 5000 && events < PARTS * PART_EVENTS; i++, events++) {
				assert_int_equal(script_event(script, &event, &err), 1);
				assert_int_equal(event.k, events);
				assert_int_equal(event.lane, 1 + events % 3);
				assert_int_equal(event.result, events * 7 % 5);
			}
		}
		assert_int_equal(decisions, PARTS * PART_DECISIONS);
		assert_int_equal(script_event(script, &event, &err), 0);
		assert_int_equal(script_error(script)->code, 0);
		script_close(script);
	}
}

static void no_trace(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_null(script_open("/dev/null/nothing", &err));
	assert_int_not_equal(err.code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),  cmocka_unit_test(none),  cmocka_unit_test(cut),
		cmocka_unit_test(broken), cmocka_unit_test(apart), cmocka_unit_test(no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
