/*
 * Reads the steps of a tale and writes them as a trace.
 */
#include "tests/unit/tale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace_writer.h"

enum { LANES = 12, NAMES = 64, WORD = 96, FRAMES = 8, SOURCES = 100 };

struct writing {
	struct trace_writer *writer;
	bool python;
	char objects[NAMES][WORD]; /* object i + 1 */
	unsigned objects_n;
	char places[NAMES][WORD]; /* location i + 1 */
	unsigned places_n;
	char stacks[NAMES][WORD]; /* context i + 1 */
	unsigned stacks_n;
	char sources[SOURCES][WORD]; /* by line */
	uint64_t k[LANES];
};

static unsigned find(char (*names)[WORD], unsigned count, const char *name)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i + 1;
	return 0;
}

/* "read:17"; without a line a function of the library, "libdb" code of a library without names. */
static uint32_t place(struct writing *w, const char *name)
{
	unsigned number = find(w->places, w->places_n, name);
	struct trace_location location = { 0 };
	char function[WORD];
	unsigned line = 0;
	char *at;

	if (number)
		return number;
	assert_in_range(sscanf(name, "%[^:]:%u", function, &line), w->python ? 1 : 2, 2);
	for (at = function; *at; at++)
		*at = *at == '(' ? '<' : *at == ')' ? '>' : *at;
	assert_in_range(w->places_n, 0, NAMES - 1);
	assert_in_range(line, 0, SOURCES - 1);
	number = ++w->places_n;
	strcpy(w->places[number - 1], name);
	location = (struct trace_location){
		.number = number,
		.module = w->python ? 0 : 1,
		.offset = 0x1000 + number,
		.source = { function, w->python ? "bank.py" : "bank.c", line },
		.user = true,
		.text = *w->sources[line] ? w->sources[line] : NULL,
	};
	if (strcmp(name, "libdb") == 0) {
		location.module = 2;
		location.source = (struct trace_source){ 0 };
	} else if (!line) {
		location.source.file = strncmp(function, "Queue.", 6) == 0
					       ? "/usr/lib/python3.11/queue.py"
					       : "/usr/lib/python3.11/threading.py";
		location.source.line = 300;
		location.user = false;
	}
	trace_writer_location(w->writer, &location);
	return number;
}

/* "get:4<deposit:7" */
static uint32_t stack(struct writing *w, const char *name)
{
	unsigned number = find(w->stacks, w->stacks_n, name);
	char words[WORD], *rest, *word;
	uint32_t frames[FRAMES], count = 0;

	if (number)
		return number;
	assert_in_range(w->stacks_n, 0, NAMES - 1);
	number = ++w->stacks_n;
	strcpy(w->stacks[number - 1], name);
	strcpy(words, name);
	for (word = strtok_r(words, "<", &rest); word; word = strtok_r(NULL, "<", &rest)) {
		assert_in_range(count, 0, FRAMES - 1);
		frames[count++] = place(w, word);
	}
	trace_writer_context(w->writer, &(struct trace_context){ .number = number,
								 .frames = frames,
								 .frames_n = count });
	return number;
}

static const char *kind_of(const struct writing *w, const char *name, const char *operation,
			   bool second)
{
	static const char *const variable[] = { "load", "store", "delete" };
	static char kind[WORD];
	size_t i;

	if (name[0] == 'T' && strspn(name + 1, "0123456789") == strlen(name + 1))
		return "thread";
	if (name[0] == '/' || strncmp(name, "file:", 5) == 0)
		return "descriptor";
	snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(operation, "_"), operation);
	for (i = 0; i < 3; i++)
		if (strcmp(kind, variable[i]) == 0)
			return strncmp(name, "ITEMS", 5) == 0 ? "container" : "variable";
	if (strcmp(kind, "iterate") == 0 || strcmp(kind, "query") == 0 || strcmp(kind, "call") == 0)
		return "container";
	if (second)
		return "mutex";
	return w->python && strcmp(kind, "mutex") == 0 ? "lock" : kind;
}

static uint32_t object(struct writing *w, const char *name, const char *operation, bool second)
{
	const char *kind = kind_of(w, name, operation, second);
	unsigned number = find(w->objects, w->objects_n, name);
	bool thread = strcmp(kind, "thread") == 0;
	char id[2 * WORD];

	if (number)
		return number;
	assert_in_range(w->objects_n, 0, NAMES - 1);
	number = ++w->objects_n;
	strcpy(w->objects[number - 1], name);
	if (thread)
		snprintf(id, sizeof(id), "thread:1.%d", atoi(name + 1) - 1);
	else if (w->python)
		strcpy(id, name);
	else
		snprintf(id, sizeof(id), "bank+%#x", 0x4000 + number);
	trace_writer_object(w->writer,
			    &(struct trace_object){ .number = number,
						    .id = id,
						    .kind = kind,
						    .name = thread || w->python ? NULL : name });
	return number;
}

/* "10", "'a~b'" */
static void set_value(struct trace_event *event, char *word)
{
	char *at;

	if (strspn(word, "-0123456789") == strlen(word)) {
		event->value =
			(struct trace_value){ .type = TRACE_VALUE_INT, .number = atoi(word) };
		return;
	}
	for (at = word; *at; at++)
		if (*at == '~')
			*at = ' ';
	event->text = word;
	event->text_len = strlen(word);
}

/* "7 current = self.get_balance()" */
static void set_source(struct writing *w, const char *line)
{
	unsigned number;
	int at = 0;

	assert_int_equal(sscanf(line, "%u %n", &number, &at), 1);
	assert_in_range(number, 1, SOURCES - 1);
	snprintf(w->sources[number], WORD, "%s", line + at);
}

/* "2 mutex_lock savings @read:17" */
static void write_step(struct writing *w, char *line)
{
	char *rest, *word = strtok_r(line, " ", &rest), *operation = strtok_r(NULL, " ", &rest);
	struct trace_event event = { .lane = (uint32_t)atoi(word) };

	assert_in_range(event.lane, 1, LANES - 1);
	assert_non_null(operation);
	event.phase = strchr(word, '!') ? PHASE_ANNOUNCED : PHASE_DONE;
	event.kind = (uint16_t)event_kind_by_name(operation, strlen(operation));
	assert_int_not_equal(event.kind, EVENT_NONE);
	event.k = w->k[event.lane];
	w->k[event.lane] += event.phase == PHASE_DONE;
	while ((word = strtok_r(NULL, " ", &rest))) {
		if (word[0] == '@')
			event.context = stack(w, word + 1);
		else if (word[0] == '=')
			set_value(&event, word + 1);
		else if (word[0] == 'r' && strspn(word + 1, "-0123456789") == strlen(word + 1))
			event.result = atoi(word + 1);
		else if (word[0] == 'v' && strspn(word + 1, "0123456789") == strlen(word + 1))
			event.value = (struct trace_value){ .type = TRACE_VALUE_INT,
							    .number = atoi(word + 1) };
		else if (!event.object)
			event.object = object(w, word, operation, false);
		else
			event.object2 = object(w, word, operation, true);
	}
	assert_int_equal(trace_writer_event(w->writer, &event), 0);
}

/* "pick 2 3" */
static void write_decision(struct writing *w, const char *line)
{
	char kind[WORD];
	uint32_t from[2];
	struct trace_decision decision = { .from = from, .from_n = 2 };
	unsigned lane, to = 0;

	assert_in_range(sscanf(line, "%s %u %u", kind, &lane, &to), 2, 3);
	decision.kind = (uint16_t)trace_decision_by_name(kind, strlen(kind));
	assert_int_not_equal(decision.kind, DECISION_COUNT);
	from[0] = decision.lane = lane;
	from[1] = to;
	decision.to = to ? to : 1;
	decision.k = w->k[lane];
	assert_int_equal(trace_writer_decision(w->writer, &decision), 0);
}

static void write_lanes(struct writing *w)
{
	char id[32];
	uint32_t i;

	trace_writer_module(w->writer, &(struct trace_module){
					       .number = 1, .path = "/tmp/bank", .main = true });
	trace_writer_module(w->writer,
			    &(struct trace_module){ .number = 2, .path = "/usr/lib/libdb.so" });
	trace_writer_lane(w->writer, &(struct trace_lane){ .number = 1, .id = "1" });
	for (i = 2; i < LANES; i++) {
		snprintf(id, sizeof(id), "1.%u", i - 1);
		trace_writer_lane(
			w->writer,
			&(struct trace_lane){ .number = i,
					      .id = id,
					      .parent = 1,
					      .name = i == 2                ? "alice"
						      : i == 3 && w->python ? "bob"
									    : NULL,
					      .start = w->python ? 0 : place(w, "customer:40") });
	}
}

void tale_write(const char *path, const char *cwd, const char *steps, const char *verdict,
		const char *outcome)
{
	cJSON *header = cJSON_CreateObject(), *fields = cJSON_Parse(outcome);
	char *text = strdup(steps), *rest, *line;
	struct writing w = { 0 };
	struct err err = { 0 };

	assert_non_null(text);
	assert_non_null(fields);
	cJSON_AddStringToObject(header, "cwd", cwd);
	w.writer = trace_writer_open(path, 1, &err);
	assert_non_null(w.writer);
	trace_writer_header(w.writer, header);
	line = strtok_r(text, "\n", &rest);
	w.python = line && strcmp(line, "python") == 0;
	write_lanes(&w);
	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		if (strcmp(line, "python") == 0)
			continue;
		if (strncmp(line, "source ", 7) == 0)
			set_source(&w, line + 7);
		else if (strchr("0123456789", line[0]))
			write_step(&w, line);
		else
			write_decision(&w, line);
	}
	trace_writer_outcome(w.writer, verdict, fields);
	assert_int_equal(trace_writer_close(w.writer, &err), 0);
	cJSON_Delete(header);
	cJSON_Delete(fields);
	free(text);
}
