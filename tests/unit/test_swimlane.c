/*
 * Swimlanes of the sample trace, compared with golden files: columns, prefixes, filters, hostile
 * names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace_reader.h"
#include "replayer/swimlane.h"
#include "replayer/trace_file.h"
#include "tests/unit/golden.h"
#include "tests/unit/sample_trace.h"

/* The swimlanes of a trace as one string, to be freed. */
static char *draw(const struct sample *sample, const struct swimlane_options *options)
{
	const char *path = sample_path();
	struct trace_file file;
	struct trace_line line;
	struct swimlane *swimlane;
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	sample_write(path, sample);
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	swimlane = swimlane_new(file.naming, out, options);
	while (trace_reader_next(file.reader, &line, &err) > 0)
		swimlane_add(swimlane, &line);
	assert_int_equal(err.code, 0);
	swimlane_free(swimlane);
	trace_file_close(&file);
	fclose(out);
	return text;
}

static void expect(const char *golden, const struct sample *sample,
		   const struct swimlane_options *options)
{
	char *text = draw(sample, options);

	golden_check(golden, text);
	free(text);
}

static void columns(void **state)
{
	(void)state;
	expect("swimlane-columns-80.txt", &(struct sample){ 0 },
	       &(struct swimlane_options){ .width = 80, .events = SAMPLE_EVENTS });
	expect("swimlane-columns-120.txt", &(struct sample){ 0 },
	       &(struct swimlane_options){ .width = 120, .events = SAMPLE_EVENTS, .all = true });
}

static void prefixes_when_narrow(void **state)
{
	(void)state;
	expect("swimlane-prefixes.txt", &(struct sample){ 0 },
	       &(struct swimlane_options){ .width = 59, .events = SAMPLE_EVENTS });
	expect("swimlane-prefixes.txt", &(struct sample){ 0 },
	       &(struct swimlane_options){ .width = 0, .events = SAMPLE_EVENTS });
}

static void prefixes_for_many_threads(void **state)
{
	char *four, *five;

	(void)state;
	four = draw(&(struct sample){ .extra_lanes = 1 },
		    &(struct swimlane_options){ .width = 80 });
	five = draw(&(struct sample){ .extra_lanes = 2 },
		    &(struct swimlane_options){ .width = 80 });
	assert_null(strstr(four, " | "));
	assert_non_null(strstr(five, "T2 alice    | locks savings.lock  bank.c:17\n"));
	free(four);
	free(five);
}

static void filters(void **state)
{
	bool kinds[EVENT_COUNT] = { [EVENT_THREAD_CREATE] = true };
	bool objects[SAMPLE_OF_BOB + 1] = { [SAMPLE_SAVINGS] = true };

	(void)state;
	expect("swimlane-lane.txt", &(struct sample){ 0 },
	       &(struct swimlane_options){ .width = 80, .lane = SAMPLE_ALICE });
	expect("swimlane-kind.txt", &(struct sample){ 0 },
	       &(struct swimlane_options){ .width = 80, .kinds = kinds });
	expect("swimlane-object.txt", &(struct sample){ 0 },
	       &(struct swimlane_options){
		       .width = 80, .objects = objects, .objects_end = SAMPLE_OF_BOB + 1 });
}

/* A thread name is the target's: nothing in it may reach the terminal as it is. */
static void hostile_names(void **state)
{
	char *text = draw(&(struct sample){ .name = "\033[2J\xc2\x9b\xe2\x80\xae\xff\n" },
			  &(struct swimlane_options){ 0 });

	(void)state;
	assert_non_null(strstr(text, "T2 \\x1b[2J\\xc2"));
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\xc2\x9b"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_null(strchr(text, '\xff'));
	free(text);
}

/* Lines by hand: what the reader gives for decisions that the sample does not have. */
static char *draw_lines(const struct trace_line *lines, size_t count)
{
	const char *path = sample_path();
	struct trace_file file;
	struct swimlane *swimlane;
	struct err err = { 0 };
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	sample_write(path, &(struct sample){ 0 });
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	swimlane = swimlane_new(file.naming, out, &(struct swimlane_options){ 0 });
	for (i = 0; i < count; i++)
		swimlane_add(swimlane, &lines[i]);
	swimlane_free(swimlane);
	trace_file_close(&file);
	fclose(out);
	return text;
}

static struct trace_line event(uint32_t lane, unsigned kind, unsigned phase, uint32_t object,
			       int64_t result)
{
	return (struct trace_line){ .type = TRACE_LINE_EVENT,
				    .event = { .kind = (uint16_t)kind,
					       .phase = (uint8_t)phase,
					       .lane = lane,
					       .object = object,
					       .result = result } };
}

static struct trace_line decision(unsigned kind, uint32_t lane, int64_t to)
{
	return (struct trace_line){ .type = TRACE_LINE_DECISION,
				    .decision = {
					    .kind = (uint16_t)kind, .lane = lane, .to = to } };
}

static void results_and_choices(void **state)
{
	struct trace_line lines[] = {
		event(1, EVENT_MUTEX_TRYLOCK, PHASE_DONE, SAMPLE_SAVINGS, 16),
		event(1, EVENT_COND_WOKEN, PHASE_DONE, 0, 110),
		event(1, EVENT_SEM_TRYWAIT, PHASE_DONE, 0, -11),
		event(1, EVENT_READ, PHASE_DONE, 0, 42),
		decision(DECISION_SIGNAL, 1, 2),
		decision(DECISION_CLOCK, 1, 3),
		decision(DECISION_IO, 1, 0),
		decision(DECISION_DELIVERY, 1, 15),
	};
	char *text = draw_lines(lines, sizeof(lines) / sizeof(*lines));

	(void)state;
	assert_non_null(strstr(text, "| tries to lock savings.lock: busy\n"));
	assert_non_null(strstr(text, "| comes back from waiting on something: timed out\n"));
	assert_non_null(strstr(text, "| tries to take from something: busy\n"));
	assert_non_null(strstr(text, "| reads: 42\n"));
	assert_non_null(strstr(text, "| (wakes T2 \"alice\")\n"));
	assert_non_null(strstr(text, "| (time passes for T3 (customer))\n"));
	assert_non_null(strstr(text, "| (signal 15 arrives)\n"));
	assert_null(strstr(text, "not ready"));
	free(text);
}

/*
 * The only thread that can go on is not a choice: the trace has no decision, the reason is still
 * told.
 */
static void switches_without_decision(void **state)
{
	struct trace_line lines[] = {
		event(1, EVENT_THREAD_START, PHASE_DONE, 0, 0),
		event(1, EVENT_MUTEX_LOCK, PHASE_ANNOUNCED, SAMPLE_SAVINGS, 0),
		event(2, EVENT_THREAD_END, PHASE_DONE, 0, 0),
		event(1, EVENT_SLEEP, PHASE_ANNOUNCED, 0, 0),
		event(3, EVENT_THREAD_START, PHASE_DONE, 0, 0),
	};
	char *text = draw_lines(lines, sizeof(lines) / sizeof(*lines));

	(void)state;
	assert_non_null(strstr(text, "---- switch T1 -> T2 (blocked on savings.lock)\n"));
	assert_non_null(strstr(text, "---- switch T2 -> T1 (T2 has ended)\n"));
	assert_non_null(strstr(text, "---- switch T1 -> T3 (sleeping)\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),
		cmocka_unit_test(prefixes_when_narrow),
		cmocka_unit_test(prefixes_for_many_threads),
		cmocka_unit_test(filters),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(results_and_choices),
		cmocka_unit_test(switches_without_decision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
