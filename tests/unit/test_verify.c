/*
 * A run compared with the sample trace: records as the drain hands them over, the same ones, and
 * with one thing changed at a time. Each must be found at its event and told in words.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/trace_reader.h"
#include "replayer/trace_file.h"
#include "replayer/verify.h"
#include "tests/unit/sample_trace.h"

struct fixture {
	char *path;
	struct trace_file file;
	struct script *script;
	struct verify *verify;
	struct err err;
};

static void announce_names(struct verify *verify, uint64_t offset)
{
	static const struct record_lane lanes[] = {
		{ .number = SAMPLE_MAIN, .index = 1 },
		{ .number = SAMPLE_ALICE, .parent = SAMPLE_MAIN, .index = 1, .name = "alice" },
		{ .number = SAMPLE_BOB, .parent = SAMPLE_MAIN, .index = 2 },
	};
	const struct {
		struct record_object object;
		char name[8]; /* none */
	} objects[] = {
		{ .object = { .number = SAMPLE_SAVINGS,
			      .class = OBJECT_STATIC,
			      .kind = OBJECT_MUTEX,
			      .module = 1,
			      .offset = offset } },
		{ .object = { .number = SAMPLE_CHECKING,
			      .class = OBJECT_INIT,
			      .kind = OBJECT_MUTEX,
			      .lane = SAMPLE_MAIN,
			      .n = 1 } },
		{ .object = { .number = SAMPLE_OF_ALICE,
			      .class = OBJECT_LANE,
			      .kind = OBJECT_THREAD,
			      .lane = SAMPLE_ALICE } },
		{ .object = { .number = SAMPLE_OF_BOB,
			      .class = OBJECT_LANE,
			      .kind = OBJECT_THREAD,
			      .lane = SAMPLE_BOB } },
	};
	struct record_module *module = calloc(1, sizeof(*module) + 32);
	struct err err = { 0 };
	size_t i;

	module->number = 1;
	strcpy(module->path, "/elsewhere/bank");
	verify_sink.module(verify, module, &err);
	free(module);
	for (i = 0; i < sizeof(lanes) / sizeof(*lanes); i++)
		verify_sink.lane(verify, &lanes[i], &err);
	for (i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		verify_sink.object(verify, &objects[i].object, &err);
}

static void begin(struct fixture *f, const struct sample *sample, bool follow)
{
	memset(f, 0, sizeof(*f));
	f->path = strdup(sample_path());
	sample_write(f->path, sample);
	assert_int_equal(trace_file_open(&f->file, f->path, &f->err), 0);
	f->script = script_open(f->path, &f->err);
	assert_non_null(f->script);
	f->verify = verify_new(f->script, f->file.naming, follow);
}

static void end(struct fixture *f)
{
	verify_free(f->verify);
	script_close(f->script);
	trace_file_close(&f->file);
	free(f->path);
}

/* What a run that repeats the trace would write. */
static struct record_event record_of(const struct trace_event *event)
{
	return (struct record_event){
		.kind = (uint8_t)event->kind,
		.phase = event->phase,
		.lane = event->lane,
		.k = event->k,
		.object = event->object,
		.object2 = event->object2,
		.context = 0,
		.result = event->result,
	};
}

/* Replays the trace, `change` being applied to event `at` (from 1), up to the first refusal. */
static int run(struct fixture *f, uint64_t at, void (*change)(struct record_event *))
{
	struct trace_line line;
	struct record_event record;
	int rc = 0;

	trace_reader_rewind(f->file.reader);
	while (rc == 0 && trace_reader_next(f->file.reader, &line, &f->err) > 0) {
		if (line.type != TRACE_LINE_EVENT)
			continue;
		record = record_of(&line.event);
		if (line.number + 1 == at)
			change(&record);
		rc = verify_sink.event(f->verify, &record, &f->err);
	}
	return rc;
}

static void same(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, &(struct sample){ 0 }, false);
	announce_names(f.verify, 0x40a0);
	assert_int_equal(run(&f, 0, NULL), 0);
	verify_end(f.verify);
	assert_int_equal(verify_difference(f.verify)->kind, VERIFY_SAME);
	assert_int_equal(verify_agreed(f.verify), SAMPLE_EVENTS);
	assert_int_equal(verify_after(f.verify), 0);
	end(&f);
}

static void other_lane(struct record_event *event)
{
	event->lane = SAMPLE_BOB;
}

static void other_kind(struct record_event *event)
{
	event->kind = EVENT_MUTEX_TRYLOCK;
}

static void other_object(struct record_event *event)
{
	event->object = SAMPLE_CHECKING;
}

static void other_result(struct record_event *event)
{
	event->result = EBUSY;
}

static void other_phase(struct record_event *event)
{
	event->phase = PHASE_ANNOUNCED;
}

static void other_index(struct record_event *event)
{
	event->k++;
}

static void no_object(struct record_event *event)
{
	event->object = 0;
}

/* Event 5 of the sample: alice locks savings.lock. */
static void differences(void **state)
{
	static const struct {
		void (*change)(struct record_event *);
		const char *got;
	} cases[] = {
		{ other_lane, "T3 locks mutex bank+0x40a0" },
		{ other_kind, "T2 \"alice\" tries to lock mutex bank+0x40a0" },
		{ other_object, "T2 \"alice\" locks mutex 1/mutex.1" },
		{ other_result, "T2 \"alice\" locks mutex bank+0x40a0: busy" },
		{ other_phase, "T2 \"alice\" wants to lock mutex bank+0x40a0" },
		{ other_index, "T2 \"alice\" locks mutex bank+0x40a0" },
		{ no_object, "T2 \"alice\" locks something" },
	};
	const struct verify_difference *difference;
	struct fixture f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(&f, &(struct sample){ 0 }, false);
		announce_names(f.verify, 0x40a0);
		assert_int_equal(run(&f, 5, cases[i].change), -VERIFY_ERR_DIFFERENT);
		verify_end(f.verify);
		difference = verify_difference(f.verify);
		assert_int_equal(difference->kind, VERIFY_EVENT);
		assert_int_equal(difference->number, 5);
		assert_int_equal(verify_agreed(f.verify), 4);
		assert_string_equal(difference->expected, "T2 \"alice\" locks savings.lock");
		assert_string_equal(difference->expected_site, "transfer (bank.c:17)");
		assert_string_equal(difference->got, cases[i].got);
		end(&f);
	}
}

/* Interpreted code, a variable and a value are told as those of the trace are. */
static void other_variable(void **state)
{
	static const struct {
		struct record_object object;
		char name[24];
	} object = { { .number = 9, .class = OBJECT_NAMED, .kind = OBJECT_VARIABLE },
		     "Account._balance" };
	static const struct {
		struct record_code code;
		char names[24];
	} code = { { .number = 3, .user = 1 }, "/a/bank.py\0deposit" };
	static const struct {
		struct record_text text;
		char words[8];
	} text = { { .number = 4 }, "'ten'" };
	static const struct {
		struct record_context context;
		struct record_frame frame;
	} context = { { .number = 5, .count = 1 },
		      { .module = 3, .flags = FRAME_CODE | 9u << FRAME_LINE_SHIFT } };
	struct record_event event = { .kind = EVENT_STORE,
				      .lane = SAMPLE_ALICE,
				      .object = 9,
				      .context = 5,
				      .has_value = EVENT_VALUE_TEXT,
				      .value = 4 };
	const struct verify_difference *difference;
	struct fixture f;

	(void)state;
	begin(&f, &(struct sample){ 0 }, false);
	announce_names(f.verify, 0x40a0);
	verify_sink.object(f.verify, &object.object, &f.err);
	verify_sink.code(f.verify, &code.code, &f.err);
	verify_sink.text(f.verify, &text.text, &f.err);
	verify_sink.context(f.verify, &context.context, &f.err);
	assert_int_equal(verify_sink.event(f.verify, &event, &f.err), -VERIFY_ERR_DIFFERENT);
	difference = verify_difference(f.verify);
	assert_string_equal(difference->got, "T2 \"alice\" writes Account._balance = 'ten'");
	assert_string_equal(difference->got_site, "deposit (bank.py:9)");
	end(&f);
}

/* The result of a clock reading is no function of the schedule. */
static void results_that_do_not_count(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, &(struct sample){ 0 }, false);
	announce_names(f.verify, 0x40a0);
	assert_int_equal(run(&f, 8, other_result), 0);
	end(&f);
}

/* The same number for another object: the static one lies elsewhere in the program now. */
static void other_identity(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, &(struct sample){ 0 }, false);
	announce_names(f.verify, 0x40c0);
	assert_int_equal(run(&f, 0, NULL), -VERIFY_ERR_DIFFERENT);
	assert_int_equal(verify_difference(f.verify)->number, 5);
	assert_string_equal(verify_difference(f.verify)->got, "T2 \"alice\" locks mutex "
							      "bank+0x40c0");
	end(&f);
}

static void follows(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, &(struct sample){ 0 }, true);
	announce_names(f.verify, 0x40a0);
	assert_int_equal(run(&f, 5, other_kind), 0);
	verify_end(f.verify);
	assert_int_equal(verify_difference(f.verify)->number, 5);
	assert_int_equal(verify_agreed(f.verify), 4);
	assert_int_equal(verify_after(f.verify), SAMPLE_EVENTS - 4);
	end(&f);
}

static void longer_and_shorter(void **state)
{
	struct record_event extra = { .kind = EVENT_YIELD, .lane = SAMPLE_MAIN };
	struct fixture f;

	(void)state;
	begin(&f, &(struct sample){ 0 }, false);
	announce_names(f.verify, 0x40a0);
	assert_int_equal(run(&f, 0, NULL), 0);
	assert_int_equal(verify_sink.event(f.verify, &extra, &f.err), -VERIFY_ERR_DIFFERENT);
	assert_int_equal(verify_difference(f.verify)->kind, VERIFY_LONGER);
	assert_int_equal(verify_difference(f.verify)->number, SAMPLE_EVENTS + 1);
	assert_string_equal(verify_difference(f.verify)->got, "T1 (main) yields");
	end(&f);

	begin(&f, &(struct sample){ 0 }, false);
	announce_names(f.verify, 0x40a0);
	verify_end(f.verify);
	assert_int_equal(verify_difference(f.verify)->kind, VERIFY_SHORTER);
	assert_int_equal(verify_difference(f.verify)->number, 1);
	assert_string_equal(verify_difference(f.verify)->expected, "T1 (main) starts");
	end(&f);
}

/* A trace that ends too early: everything agrees up to there, and the cut is no success. */
static void cut_trace(void **state)
{
	struct fixture f;
	char *path;
	FILE *file;

	(void)state;
	path = strdup(sample_path());
	sample_write(path, &(struct sample){ .rounds = 100000, .no_outcome = true });
	file = fopen(path, "r+");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	assert_int_equal(ftruncate(fileno(file), ftell(file) / 2), 0);
	fclose(file);
	memset(&f, 0, sizeof(f));
	assert_int_equal(trace_file_open(&f.file, path, &f.err), 0);
	assert_int_not_equal(f.file.damage.code, 0);
	f.script = script_open(path, &f.err);
	f.verify = verify_new(f.script, f.file.naming, false);
	f.path = path;
	announce_names(f.verify, 0x40a0);
	run(&f, 0, NULL);
	assert_true(verify_agreed(f.verify) > 1000);
	verify_end(f.verify);
	assert_int_equal(verify_difference(f.verify)->kind, VERIFY_CUT);
	assert_true(*verify_difference(f.verify)->reason);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same),
		cmocka_unit_test(differences),
		cmocka_unit_test(other_variable),
		cmocka_unit_test(results_that_do_not_count),
		cmocka_unit_test(other_identity),
		cmocka_unit_test(follows),
		cmocka_unit_test(longer_and_shorter),
		cmocka_unit_test(cut_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
