/*
 * From records to trace lines: ids, names, places and numbers as a reader of the file finds them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace_names.h"
#include "recorder/alloc.h"
#include "recorder/elf.h"
#include "recorder/fields.h"
#include "recorder/outcome.h"
#include "recorder/symbols.h"
#include "recorder/trace_sink.h"
#include "tests/unit/scratch.h"
#include "tests/unit/trace_files.h"

/* A program with a place and a variable whose addresses nm tells. */
static const char source[] = "#include <pthread.h>\n"
			     "pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;\n"
			     "int work(void)\n"
			     "{\n"
			     "\treturn pthread_mutex_lock(&table_lock);\n"
			     "}\n"
			     "int main(void) { return work(); }\n";

static char program[4096];
static uint64_t at_work, at_lock;

static uint64_t address_of(const char *symbol)
{
	unsigned long long address = 0;
	char *text;
	size_t size;

	scratch_run("nm sinkprog | awk '$3 == \"%s\" { print $1 }' > address", symbol);
	text = scratch_read("address", &size);
	sscanf(text, "%llx", &address);
	free(text);
	assert_true(address != 0);
	return address;
}

static int build(void **state)
{
	(void)state;
	scratch_text("sinkprog.c", source);
	scratch_run("${CC:-gcc} -g -O0 -o sinkprog sinkprog.c");
	snprintf(program, sizeof(program), "%s", scratch_path("sinkprog"));
	at_work = address_of("work");
	at_lock = address_of("table_lock");
	return 0;
}

struct file {
	struct trace_writer *writer;
	struct trace_sink *sink;
	struct trace_reader *reader;
	struct trace_names *names;
	const char *path;
};

static int set_up(void **state)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file)
		return -1;
	file->path = scratch_path("sink.zst");
	file->writer = trace_writer_open(file->path, 0, NULL);
	trace_writer_header(file->writer, NULL);
	file->sink = trace_sink_new(file->writer);
	*state = file;
	return 0;
}

static void read_back(struct file *file)
{
	struct err err = { 0 };

	trace_writer_outcome(file->writer, "exit", NULL);
	assert_int_equal(trace_writer_close(file->writer, &err), 0);
	file->reader = trace_reader_open(file->path, &err);
	assert_non_null(file->reader);
	file->names = trace_names_new();
	assert_int_equal(trace_names_load(file->names, file->reader, &err), 0);
}

static int tear_down(void **state)
{
	struct file *file = *state;

	trace_sink_free(file->sink);
	trace_names_free(file->names);
	trace_reader_close(file->reader);
	free(file);
	return 0;
}

static void give(struct file *file, const void *record)
{
	const struct record_head *head = record;
	const struct drain_sink *sink = &trace_sink_table;
	struct err err;
	int rc = -1;

	switch (head->type) {
	case RECORD_EVENT:
		rc = sink->event(file->sink, record, &err);
		break;
	case RECORD_DECISION:
		rc = sink->decision(file->sink, record, &err);
		break;
	case RECORD_ANSWER:
		rc = sink->answer(file->sink, record, &err);
		break;
	case RECORD_LANE:
		rc = sink->lane(file->sink, record, &err);
		break;
	case RECORD_OBJECT:
		rc = sink->object(file->sink, record, &err);
		break;
	case RECORD_CONTEXT:
		rc = sink->context(file->sink, record, &err);
		break;
	case RECORD_MODULE:
		rc = sink->module(file->sink, record, &err);
		break;
	case RECORD_NOTE:
		rc = sink->note(file->sink, record, &err);
		break;
	case RECORD_CODE:
		rc = sink->code(file->sink, record, &err);
		break;
	case RECORD_TEXT:
		rc = sink->text(file->sink, record, &err);
		break;
	}
	assert_int_equal(rc, 0);
}

#define HEAD(type)                  \
	{                           \
		RECORD_##type, 0, 0 \
	}

static void give_module(struct file *file, uint32_t number, const char *path)
{
	struct {
		struct record_module module;
		char path[4096];
	} record = { .module = { .head = HEAD(MODULE),
				 .number = number,
				 .is_main = 1,
				 .base = 0x1000000,
				 .start = 0x1000000,
				 .end = 0x1100000 } };
	char hex[ELF_BUILD_ID_HEX];
	unsigned i, byte;

	snprintf(record.path, sizeof(record.path), "%s", path);
	if (!elf_build_id(path, hex, NULL) && *hex) {
		for (i = 0; hex[2 * i] && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
			record.module.build_id[i] = (uint8_t)byte;
		record.module.build_id_length = (uint8_t)i;
	}
	give(file, &record);
}

static void give_lane(struct file *file, uint32_t number, uint32_t parent, uint32_t index,
		      const char *name)
{
	struct record_lane lane = {
		.head = HEAD(LANE), .number = number, .parent = parent, .index = index
	};

	if (parent) {
		lane.start = 0x1000000 + at_work;
		lane.start_module = 1;
		lane.start_offset = at_work;
	}
	memcpy(lane.name, name, strlen(name));
	give(file, &lane);
}

static void lanes_have_paths_as_ids(void **state)
{
	struct file *file = *state;
	const struct trace_lane *lane;

	give_module(file, 1, program);
	give_lane(file, 1, 0, 1, "");
	give_lane(file, 2, 1, 1, "");
	give_lane(file, 3, 2, 4, "");
	give_lane(file, 3, 2, 4, "alice");
	give_lane(file, 4, 0, 2, "");
	assert_int_equal(trace_sink_counts(file->sink)->lanes, 4);
	read_back(file);
	assert_string_equal(trace_names_lane(file->names, 1)->id, "1");
	assert_string_equal(trace_names_lane(file->names, 2)->id, "1.1");
	lane = trace_names_lane(file->names, 3);
	assert_string_equal(lane->id, "1.1.4");
	assert_string_equal(lane->name, "alice");
	assert_int_equal(lane->parent, 2);
	assert_string_equal(trace_names_location(file->names, lane->start)->source.function,
			    "work");
	assert_string_equal(trace_names_lane(file->names, 4)->id, "2");
}

static void objects_are_named_by_class(void **state)
{
	struct {
		struct record_object object;
		char name[32];
	} record = { .object = { .head = HEAD(OBJECT),
				 .kind = OBJECT_MUTEX,
				 .number = 1,
				 .class = OBJECT_STATIC,
				 .module = 1,
				 .offset = at_lock } };
	struct file *file = *state;
	const struct trace_object *object;
	char expected[64];

	give_module(file, 1, program);
	give_lane(file, 1, 0, 1, "");
	give_lane(file, 2, 1, 2, "");
	give(file, &record);
	record.object = (struct record_object){ .head = HEAD(OBJECT),
						.kind = OBJECT_SEM,
						.number = 2,
						.class = OBJECT_INIT,
						.lane = 2,
						.n = 3 };
	give(file, &record);
	record.object = (struct record_object){ .head = HEAD(OBJECT),
						.kind = OBJECT_COND,
						.number = 3,
						.class = OBJECT_FIRST,
						.lane = 2,
						.n = 5 };
	give(file, &record);
	record.object = (struct record_object){ .head = HEAD(OBJECT),
						.kind = OBJECT_THREAD,
						.number = 4,
						.class = OBJECT_LANE,
						.lane = 2 };
	give(file, &record);
	record.object = (struct record_object){
		.head = HEAD(OBJECT), .kind = OBJECT_DESCRIPTOR, .number = 5, .class = OBJECT_NAMED
	};
	strcpy(record.name, "pipe:[7]");
	give(file, &record);
	read_back(file);

	snprintf(expected, sizeof(expected), "sinkprog+0x%llx", (unsigned long long)at_lock);
	object = trace_names_object(file->names, 1);
	assert_string_equal(object->id, expected);
	assert_string_equal(object->name, "table_lock");
	assert_string_equal(object->kind, "mutex");
	assert_false(object->provisional);
	assert_string_equal(trace_names_object(file->names, 2)->id, "1.2/sem.3");
	object = trace_names_object(file->names, 3);
	assert_string_equal(object->id, "1.2/first.5");
	assert_true(object->provisional);
	assert_string_equal(trace_names_object(file->names, 4)->id, "thread:1.2");
	assert_string_equal(trace_names_object(file->names, 5)->id, "pipe:[7]");
}

static void contexts_share_locations(void **state)
{
	struct {
		struct record_context context;
		struct record_frame frames[2];
	} record = { .context = { .head = HEAD(CONTEXT), .number = 1, .count = 2 } };
	struct file *file = *state;
	const struct trace_context *one, *two;
	const struct trace_location *location;
	uint32_t address;

	give_module(file, 1, program);
	record.frames[0] = (struct record_frame){ 1, 0, at_work + 12 };
	record.frames[1] = (struct record_frame){ 0, 0, 0x7fff0000 };
	give(file, &record);
	record.context.number = 2;
	record.frames[1] = record.frames[0];
	give(file, &record);
	address = trace_sink_address(file->sink, 0x1000000 + at_work + 12, SYMBOLS_RETURN_ADDRESS);
	read_back(file);

	one = trace_names_context(file->names, 1);
	two = trace_names_context(file->names, 2);
	assert_int_equal(one->frames_n, 2);
	assert_int_equal(one->frames[0], two->frames[0]);
	assert_int_equal(two->frames[1], two->frames[0]);
	assert_int_equal(address, two->frames[0]);
	location = trace_names_location(file->names, one->frames[0]);
	assert_string_equal(location->source.function, "work");
	assert_non_null(strstr(location->source.file, "sinkprog.c"));
	assert_true(location->user);
	location = trace_names_location(file->names, one->frames[1]);
	assert_int_equal(location->module, 0);
	assert_int_equal(location->offset, 0x7fff0000);
	assert_null(location->source.function);
}

static void events_and_decisions_pass_through(void **state)
{
	struct record_event event = { .head = HEAD(EVENT),
				      .kind = EVENT_READ,
				      .lane = 1,
				      .k = 9,
				      .has_value = 1,
				      .value = -5,
				      .result = -11 };
	struct {
		struct record_decision decision;
		uint32_t options[2];
	} record = { .decision = { .head = HEAD(DECISION),
				   .kind = DECISION_READY,
				   .lane = 1,
				   .k = 9,
				   .visit = 3,
				   .choice = 2,
				   .option_count = 2,
				   .forced = 1 } };
	struct file *file = *state;
	struct trace_line line;
	struct err err;
	unsigned seen = 0;

	give_lane(file, 1, 0, 1, "");
	give_lane(file, 2, 1, 1, "");
	record.decision.options[0] = 1;
	record.decision.options[1] = 2;
	give(file, &record);
	give(file, &event);
	read_back(file);
	while (trace_reader_next(file->reader, &line, &err) > 0) {
		if (line.type == TRACE_LINE_EVENT) {
			assert_int_equal(line.event.kind, EVENT_READ);
			assert_int_equal(line.event.k, 9);
			assert_int_equal(line.event.result, -11);
			assert_int_equal(line.event.value.type, TRACE_VALUE_INT);
			assert_int_equal(line.event.value.number, -5);
			seen |= 1;
		} else if (line.type == TRACE_LINE_DECISION) {
			assert_int_equal(line.decision.kind, DECISION_READY);
			assert_int_equal(line.decision.k, 9);
			assert_int_equal(line.decision.n, 3);
			assert_int_equal(line.decision.to, 2);
			assert_int_equal(line.decision.from_n, 2);
			assert_int_equal(line.decision.from[1], 2);
			assert_true(line.decision.forced);
			seen |= 2;
		}
	}
	assert_int_equal(seen, 3);
}

static void give_code(struct file *file, uint32_t number, const char *path, const char *function,
		      bool user)
{
	struct {
		struct record_code code;
		char names[4096];
	} record = { .code = { .head = HEAD(CODE),
			       .number = number,
			       .user = user,
			       .first_line = 2,
			       .hash = 0xabc } };

	snprintf(record.names, sizeof(record.names), "%s%c%s", path, '\0', function);
	give(file, &record);
}

static void give_text(struct file *file, uint32_t number, const char *words)
{
	struct {
		struct record_text text;
		char words[64];
	} record = { .text = { .head = HEAD(TEXT), .number = number } };

	strcpy(record.words, words);
	give(file, &record);
}

#define CODE_FRAME(number, line, at)                                                             \
	(struct record_frame)                                                                    \
	{                                                                                        \
		.module = number, .flags = FRAME_CODE | (line) << FRAME_LINE_SHIFT, .offset = at \
	}

/* `innermost` is called by code 2 in line 30. */
static void give_code_context(struct file *file, uint32_t number, struct record_frame innermost)
{
	struct {
		struct record_context context;
		struct record_frame frames[2];
	} record = { .context = { .head = HEAD(CONTEXT), .number = number, .count = 2 } };

	record.frames[0] = innermost;
	record.frames[1] = CODE_FRAME(2, 30, 0x77);
	give(file, &record);
}

static const char bank_py[] = "class AccountBalance:\n"
			      "    def deposit(self, amount):\n"
			      "\tcurrent = self._balance\n"
			      "        self._balance = current + amount\033[2J\n";

static void interpreted_code_has_lines(void **state)
{
	const struct trace_location *one, *two, *outer;
	struct file *file = *state;

	scratch_text("bank.py", bank_py);
	give_code(file, 1, scratch_path("bank.py"), "AccountBalance.deposit", true);
	give_code(file, 2, "/usr/lib/python3.11/threading.py", "Thread.run", false);
	give_code_context(file, 1, CODE_FRAME(1, 3, 0x1003));
	give_code_context(file, 2, CODE_FRAME(1, 4, 0x1004));
	/* Announced again: the same; then the number is another code's. */
	give_code(file, 1, scratch_path("bank.py"), "AccountBalance.deposit", true);
	give_code_context(file, 3, CODE_FRAME(1, 3, 0x1003));
	give_code(file, 1, scratch_path("gone.py"), "audit", true);
	give_code_context(file, 4, CODE_FRAME(1, 3, 0x1003));
	read_back(file);

#define FRAME(context, i) trace_names_context(file->names, context)->frames[i]
	one = trace_names_location(file->names, FRAME(1, 0));
	assert_int_equal(one->module, 0);
	assert_int_equal(one->offset, 0x1003);
	assert_string_equal(one->source.function, "AccountBalance.deposit");
	assert_string_equal(one->source.file, scratch_path("bank.py"));
	assert_int_equal(one->source.line, 3);
	assert_true(one->user);
	assert_string_equal(one->text, "current = self._balance");
	two = trace_names_location(file->names, FRAME(2, 0));
	assert_string_equal(two->text, "self._balance = current + amount?[2J");
	outer = trace_names_location(file->names, FRAME(2, 1));
	assert_string_equal(outer->source.function, "Thread.run");
	assert_int_equal(outer->source.line, 30);
	assert_false(outer->user);
	assert_null(outer->text);
	assert_int_equal(FRAME(3, 0), FRAME(1, 0));
	assert_int_not_equal(FRAME(4, 0), FRAME(1, 0));
	one = trace_names_location(file->names, FRAME(4, 0));
	assert_string_equal(one->source.function, "audit");
	assert_null(one->text);
#undef FRAME
}

/* The interpreter's own code is the user's only where it interprets nothing. */
static void the_interpreter_is_no_user(void **state)
{
	struct {
		struct record_context context;
		struct record_frame frames[2];
	} record = { .context = { .head = HEAD(CONTEXT), .number = 1, .count = 1 } };
	struct file *file = *state;

	scratch_run("cp sinkprog python3.11");
	give_module(file, 1, scratch_path("python3.11"));
	give_module(file, 2, program);
	give_code(file, 1, "bank.py", "deposit", true);
	record.frames[0] = (struct record_frame){ 1, 0, at_work + 12 };
	give(file, &record);
	record.context.number = record.context.count = 2;
	record.frames[1] = CODE_FRAME(1, 3, 0x1003);
	give(file, &record);
	record.context.number = 3;
	record.frames[0].module = 2;
	give(file, &record);
	read_back(file);
	assert_string_equal(trace_names_user_location(file->names, 1)->source.function, "work");
	assert_string_equal(trace_names_user_location(file->names, 2)->source.function, "deposit");
	assert_string_equal(trace_names_user_location(file->names, 3)->source.function, "work");
}

static void values_are_texts(void **state)
{
	struct record_event event = { .head = HEAD(EVENT),
				      .kind = EVENT_STORE,
				      .lane = 1,
				      .k = 1,
				      .result = EVENT_SWITCHABLE };
	static const char *const expected[] = { "'ann'", NULL, "[1, 2]", "-2147483648 (was 0)",
						"7 (was -5)" };
	struct file *file = *state;
	struct trace_line line;
	unsigned seen = 0;
	struct err err;

	give_lane(file, 1, 0, 1, "");
	give_text(file, 200, "'ann'");
	event.has_value = EVENT_VALUE_TEXT;
	event.value = 200;
	give(file, &event);
	event.k++;
	event.has_value = EVENT_VALUE_INT;
	give(file, &event);
	give_text(file, 200, "[1, 2]");
	event.k++;
	event.has_value = EVENT_VALUE_TEXT;
	give(file, &event);
	event.k++;
	event.has_value = EVENT_VALUE_CHANGE;
	event.value = 0x80000000;
	give(file, &event);
	event.k++;
	event.value = (int64_t)((uint64_t)-5 << 32 | 7);
	give(file, &event);
	read_back(file);
	while (trace_reader_next(file->reader, &line, &err) > 0) {
		if (line.type != TRACE_LINE_EVENT)
			continue;
		assert_in_range(seen, 0, 4);
		assert_int_equal(line.event.result, EVENT_SWITCHABLE);
		if (!expected[seen]) {
			assert_int_equal(line.event.value.number, 200);
			assert_null(line.event.text);
		} else {
			assert_int_equal(line.event.value.type, TRACE_VALUE_NONE);
			assert_int_equal(line.event.text_len, strlen(expected[seen]));
			assert_memory_equal(line.event.text, expected[seen],
					    strlen(expected[seen]));
		}
		seen++;
	}
	assert_int_equal(seen, 5);
}

/* A lock is made before anybody knows what it is called; a variable is its name. */
static void names_come_later(void **state)
{
	struct {
		struct record_object object;
		char name[32];
	} record = { .object = { .head = HEAD(OBJECT),
				 .kind = OBJECT_LOCK,
				 .number = 1,
				 .class = OBJECT_INIT,
				 .lane = 1,
				 .n = 7 } };
	struct file *file = *state;
	const struct trace_object *object;

	give_lane(file, 1, 0, 1, "");
	give(file, &record);
	strcpy(record.name, "Cart._lock");
	give(file, &record);
	record.object = (struct record_object){
		.head = HEAD(OBJECT), .kind = OBJECT_VARIABLE, .number = 2, .class = OBJECT_NAMED
	};
	strcpy(record.name, "AccountBalance._balance");
	give(file, &record);
	read_back(file);
	object = trace_names_object(file->names, 1);
	assert_string_equal(object->id, "1/lock.7");
	assert_string_equal(object->kind, "lock");
	assert_string_equal(object->name, "Cart._lock");
	object = trace_names_object(file->names, 2);
	assert_string_equal(object->id, "AccountBalance._balance");
	assert_string_equal(object->kind, "variable");
	assert_null(object->name);
}

static void answers_pass_through(void **state)
{
	struct {
		struct record_answer answer;
		char bytes[16];
	} record = {
		.answer = { .head = HEAD(ANSWER),
			    .call = 44,
			    .process = 2,
			    .lane = 1,
			    .flags = ANSWER_ASKED,
			    .name_length = 1,
			    .sent_length = 3,
			    .got_length = 8,
			    .result = 3,
			    .sent_hash = 7,
			    .arg_count = 2,
			    .args = { 3, 4, 5 } },
		.bytes = "nsssgggg\0ggg",
	};
	struct file *file = *state;
	struct trace_answer want = {
		.call = 44,
		.process = 2,
		.lane = 1,
		.flags = ANSWER_ASKED,
		.result = 3,
		.sent_hash = 7,
		.args = { 3, 4 },
		.name = "n",
		.name_len = 1,
		.sent = "sss",
		.sent_len = 3,
		.got = "gggg\0ggg",
		.got_len = 8,
	};
	struct trace_line line;
	struct err err = { 0 };

	give(file, &record);
	read_back(file);
	trace_reader_filter(file->reader, TRACE_LINE_BIT(TRACE_LINE_ANSWER));
	assert_int_equal(trace_reader_next(file->reader, &line, &err), 1);
	trace_files_same_answer(&line.answer, &want);
	assert_int_equal(trace_reader_next(file->reader, &line, &err), 0);
}

static void heard(void *self, const char *kind, const char *text)
{
	snprintf(self, 64, "%s %s", kind, text);
}

static void notes_are_counted_and_heard(void **state)
{
	struct {
		struct record_note note;
		char text[32];
	} record = { .note = { .head = HEAD(NOTE), .kind = NOTE_INEXACT }, .text = "a clock" };
	struct file *file = *state;
	char said[64] = "";

	trace_sink_listen(file->sink, heard, said);
	give(file, &record);
	assert_string_equal(said, "inexact a clock");
	assert_int_equal(trace_sink_counts(file->sink)->inexact, 1);
	assert_int_equal(trace_sink_counts(file->sink)->uncontrolled, 0);
	read_back(file);
}

static void the_outcome_tells_the_deadlock(void **state)
{
	struct session_result *result = calloc(1, sizeof(*result));
	struct file *file = *state;
	const cJSON *edge;
	cJSON *outcome;
	uint64_t hash;

	assert_non_null(result);
	result->boot = BOOT_OK;
	result->verdict = result->failure.kind = VERDICT_DEADLOCK;
	result->failure.edge_count = 1;
	result->failure.cycle_length = 1;
	result->failure.edges[0] = (struct region_edge){ .lane = 2,
							 .kind = EVENT_MUTEX_LOCK,
							 .object = 4,
							 .context = 5,
							 .owner = 3,
							 .owner_context = 6,
							 .owner_k = 7 };
	result->order_hash = 0xff;
	memcpy(result->stderr_tail, "a\0b", 3);
	result->stderr_length = 3;
	result->trapped[257] = 12;
	outcome = outcome_new(result, file->sink);
	assert_string_equal(outcome_word(result->verdict), "deadlock");
	assert_int_equal(fields_number(outcome, "cycle", 0), 1);
	edge = cJSON_GetArrayItem(fields_array(outcome, "edges"), 0);
	assert_int_equal(fields_number(edge, "lane", 0), 2);
	assert_string_equal(fields_string(edge, "kind", ""), "mutex_lock");
	assert_int_equal(fields_number(edge, "owner_k", 0), 7);
	assert_true(fields_hash(outcome, "order_hash", &hash));
	assert_int_equal(hash, 0xff);
	assert_string_equal(fields_string(outcome, "stderr", ""), "a?b");
	assert_int_equal(fields_int(fields_object(outcome, "trapped"), "openat", 0), 12);
	assert_null(cJSON_GetObjectItemCaseSensitive(outcome, "address"));
	assert_null(cJSON_GetObjectItemCaseSensitive(outcome, "time_limit"));
	cJSON_Delete(outcome);
	free(result);
	read_back(file);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(lanes_have_paths_as_ids),
		WITH_FILE(objects_are_named_by_class),
		WITH_FILE(contexts_share_locations),
		WITH_FILE(events_and_decisions_pass_through),
		WITH_FILE(interpreted_code_has_lines),
		WITH_FILE(the_interpreter_is_no_user),
		WITH_FILE(values_are_texts),
		WITH_FILE(names_come_later),
		WITH_FILE(answers_pass_through),
		WITH_FILE(notes_are_counted_and_heard),
		WITH_FILE(the_outcome_tells_the_deadlock),
	};

	return cmocka_run_group_tests(tests, build, NULL);
}
