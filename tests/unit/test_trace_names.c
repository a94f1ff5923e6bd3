/*
 * Names of a trace by number: from files and from single lines, replaced, malformed, too many.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace_names.h"
#include "formats/trace_parse.h"
#include "tests/unit/trace_files.h"

static int add(struct trace_names *names, const char *text, struct err *err)
{
	struct trace_parser parser;
	struct trace_line line;
	int rc;

	trace_parser_init(&parser);
	rc = trace_parse_line(&parser, text, strlen(text), &line, err);
	if (!rc)
		rc = trace_names_add(names, &line, err);
	trace_parser_fini(&parser);
	return rc;
}

static void from_file(void **state)
{
	const char *path = trace_files_path("names.zst");
	struct trace_names *names = trace_names_new();
	const struct trace_location *location;
	const struct trace_context *context;
	const struct trace_object *object;
	const struct trace_module *module;
	const struct trace_lane *lane;
	struct trace_line line;
	struct err err = { 0 };
	struct trace_reader *r;

	(void)state;
	trace_files_run(path, 5000, 300);
	r = trace_reader_open(path, &err);
	assert_int_equal(trace_names_load(names, r, &err), 0);
	assert_int_equal(trace_names_modules_end(names), TRACE_FILES_NAMES + 1);
	assert_int_equal(trace_names_locations_end(names), TRACE_FILES_NAMES + 1);
	assert_int_equal(trace_names_contexts_end(names), TRACE_FILES_NAMES + 1);
	assert_int_equal(trace_names_lanes_end(names), TRACE_FILES_NAMES + 1);
	assert_int_equal(trace_names_objects_end(names), TRACE_FILES_NAMES + 1);
	module = trace_names_module(names, 3);
	assert_int_equal(module->number, 3);
	assert_string_equal(module->path, "/usr/lib/x.so");
	assert_string_equal(module->build_id, "00ff");
	location = trace_names_location(names, 5);
	assert_int_equal(location->module, 5);
	assert_int_equal(location->offset, 0x1005);
	assert_string_equal(location->source.function, "f");
	assert_string_equal(location->source.file, "\xff\xfe.c");
	assert_int_equal(location->source.line, 5);
	assert_true(location->user);
	assert_string_equal(location->text, "balance += amount");
	assert_null(trace_names_location(names, 4)->text);
	assert_int_equal(location->inlined_n, 1);
	assert_string_equal(location->inlined[0].function, "outer");
	assert_int_equal(location->inlined[0].line, 5);
	context = trace_names_context(names, 4);
	assert_int_equal(context->frames_n, 2);
	assert_int_equal(context->frames[0], 4);
	assert_int_equal(context->frames[1], 1);
	assert_ptr_equal(trace_names_user_location(names, 4), trace_names_location(names, 1));
	assert_ptr_equal(trace_names_user_location(names, 5), location);
	assert_null(trace_names_user_location(names, 0));
	lane = trace_names_lane(names, 2);
	assert_string_equal(lane->id, "1.2");
	assert_int_equal(lane->parent, 1);
	assert_int_equal(lane->start, 2);
	assert_null(lane->name);
	object = trace_names_object(names, 1);
	assert_string_equal(object->id, "bank+0x40a0");
	assert_string_equal(object->kind, "mutex");
	assert_string_equal(object->name, "lock");
	assert_int_equal(object->address, 0xffffffffffffff00);
	assert_true(object->provisional);
	assert_null(trace_names_object(names, 0));
	assert_null(trace_names_object(names, TRACE_FILES_NAMES + 1));
	assert_null(trace_names_lane(names, UINT32_MAX));
	/* The reader is at the beginning again, and shows everything. */
	assert_int_equal(trace_reader_next(r, &line, &err), 1);
	assert_int_equal(line.type, TRACE_LINE_HEADER);
	trace_reader_close(r);
	trace_names_free(names);
	trace_names_free(NULL);
}

/* A file that was cut has its names up to there. */
static void from_part(void **state)
{
	const char *path = trace_files_path("part.zst");
	struct trace_names *names = trace_names_new();
	struct err err = { 0 };
	struct trace_reader *r;
	size_t size;
	char *data;

	(void)state;
	trace_files_run(path, 5000, 300);
	data = trace_files_read(path, &size);
	trace_files_write(path, data, size / 2);
	free(data);
	r = trace_reader_open(path, &err);
	assert_int_equal(trace_names_load(names, r, &err), -TRACE_ERR_CUT);
	assert_non_null(trace_names_lane(names, TRACE_FILES_NAMES));
	trace_reader_close(r);
	trace_names_free(names);
}

static void replaced(void **state)
{
	struct trace_names *names = trace_names_new();
	struct err err;

	(void)state;
	assert_int_equal(add(names, "{\"lane\":7,\"id\":\"1.2\",\"parent\":3,\"start\":9}", &err),
			 0);
	assert_int_equal(add(names, "{\"lane\":7,\"name\":\"alice\"}", &err), 0);
	assert_string_equal(trace_names_lane(names, 7)->id, "1.2");
	assert_string_equal(trace_names_lane(names, 7)->name, "alice");
	assert_int_equal(trace_names_lane(names, 7)->parent, 3);
	assert_int_equal(trace_names_lane(names, 7)->start, 9);
	assert_null(trace_names_lane(names, 6));
	assert_int_equal(add(names, "{\"object\":1,\"id\":\"a\",\"provisional\":true}", &err), 0);
	assert_int_equal(add(names, "{\"object\":1,\"id\":\"b\",\"provisional\":false}", &err), 0);
	assert_string_equal(trace_names_object(names, 1)->id, "b");
	assert_false(trace_names_object(names, 1)->provisional);
	assert_int_equal(add(names, "{\"module\":1,\"path\":\"a\",\"build_id\":\"00\"}", &err), 0);
	assert_int_equal(add(names, "{\"module\":1,\"path\":\"b\"}", &err), 0);
	assert_null(trace_names_module(names, 1)->build_id);
	assert_int_equal(add(names, "{\"context\":1,\"frames\":[]}", &err), 0);
	assert_int_equal(trace_names_context(names, 1)->frames_n, 0);
	assert_null(trace_names_user_location(names, 1));
	assert_int_equal(add(names, "{\"note\":\"no name\"}", &err), 0);
	trace_names_free(names);
}

/* Interpreted code has called a library without lines, or one of its own that has some. */
static void interpreted(void **state)
{
	struct trace_names *names = trace_names_new();
	struct err err;

	(void)state;
	assert_int_equal(
		add(names, "{\"location\":1,\"module\":2,\"offset\":\"0x1\",\"user\":true}", &err),
		0);
	assert_int_equal(add(names,
			     "{\"location\":2,\"offset\":\"0x2\",\"function\":\"deposit\","
			     "\"file\":\"bank.py\",\"line\":9,\"user\":true}",
			     &err),
			 0);
	assert_int_equal(add(names,
			     "{\"location\":3,\"module\":3,\"offset\":\"0x3\",\"function\":"
			     "\"own\",\"file\":\"own.c\",\"line\":3,\"user\":true}",
			     &err),
			 0);
	assert_int_equal(add(names, "{\"context\":1,\"frames\":[1,2,1]}", &err), 0);
	assert_int_equal(add(names, "{\"context\":2,\"frames\":[1,3,2]}", &err), 0);
	assert_int_equal(add(names, "{\"context\":3,\"frames\":[1,3]}", &err), 0);
	assert_int_equal(trace_names_user_frame(names, 1, 0), 1);
	assert_int_equal(trace_names_user_frame(names, 1, 1), 2);
	assert_int_equal(trace_names_user_frame(names, 1, 2), UINT32_MAX);
	assert_int_equal(trace_names_user_frame(names, 2, 0), 1);
	assert_int_equal(trace_names_user_frame(names, 2, 1), 2);
	assert_int_equal(trace_names_user_frame(names, 3, 0), 0);
	assert_int_equal(trace_names_user_frame(names, 4, 0), UINT32_MAX);
	trace_names_free(names);
}

static void malformed(void **state)
{
	static const char *const lines[] = {
		"{\"lane\":0,\"id\":\"1\"}",
		"{\"lane\":4194304,\"id\":\"1\"}",
		"{\"lane\":-1,\"id\":\"1\"}",
		"{\"lane\":1.5,\"id\":\"1\"}",
		"{\"lane\":{},\"id\":\"1\"}",
		"{\"lane\":1}",
		"{\"lane\":1,\"id\":4}",
		"{\"lane\":1,\"id\":{\"b64\":\"?\"}}",
		"{\"lane\":1,\"id\":\"1\",\"parent\":\"x\"}",
		"{\"object\":16777216,\"id\":\"1\"}",
		"{\"object\":1,\"kind\":\"mutex\"}",
		"{\"object\":1,\"id\":\"1\",\"provisional\":1}",
		"{\"object\":1,\"id\":\"1\",\"address\":\"0x11112222333344445\"}",
		"{\"object\":1,\"id\":\"1\",\"address\":\"0x\"}",
		"{\"object\":1,\"id\":\"1\",\"address\":\"0x1g\"}",
		"{\"object\":1,\"id\":\"1\",\"address\":16}",
		"{\"module\":1}",
		"{\"module\":1,\"path\":null}",
		"{\"location\":1,\"offset\":\"0x1\",\"line\":-3}",
		"{\"location\":1,\"offset\":\"0x1\",\"inlined\":{}}",
		"{\"location\":1,\"offset\":\"0x1\",\"inlined\":[1]}",
		"{\"context\":1,\"frames\":5}",
		"{\"context\":1,\"frames\":[1,-1]}",
		"{\"context\":1,\"frames\":[\"a\"]}",
	};
	struct trace_names *names = trace_names_new();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct err err = { 0 };

		print_message("# %s\n", lines[i]);
		assert_int_equal(add(names, lines[i], &err), -TRACE_ERR_CORRUPT);
		assert_true(err.text[0]);
	}
	assert_int_equal(trace_names_lanes_end(names) + trace_names_objects_end(names) +
				 trace_names_modules_end(names) + trace_names_locations_end(names) +
				 trace_names_contexts_end(names),
			 0);
	trace_names_free(names);
}

static void too_much(void **state)
{
	static const char *const types[] = { "module", "location", "context", "object" };
	struct trace_names *names = trace_names_new();
	char *text = malloc(TRACE_FRAMES_MAX * 2 + 64);
	struct err err = { 0 };
	size_t i, n, len;
	char line[128];
	int rc = 0;

	(void)state;
	for (n = TRACE_FRAMES_MAX; n <= TRACE_FRAMES_MAX + 1; n++) {
		len = (size_t)sprintf(text, "{\"context\":1,\"frames\":[1");
		for (i = 1; i < n; i++)
			len += (size_t)sprintf(text + len, ",1");
		strcpy(text + len, "]}");
		assert_int_equal(add(names, text, &err),
				 n > TRACE_FRAMES_MAX ? -TRACE_ERR_LIMIT : 0);
	}
	free(text);
	/* The highest number of each type: some hundred bytes ask for 640 MB of tables. */
	assert_int_equal(add(names, "{\"lane\":4194303,\"id\":\"1\"}", &err), 0);
	assert_string_equal(trace_names_lane(names, 4194303)->id, "1");
	for (i = 0; i < 4 && !rc; i++) {
		snprintf(line, sizeof(line), "{\"%s\":16777215,\"id\":\"1\",\"path\":\"p\"}",
			 types[i]);
		rc = add(names, line, &err);
	}
	assert_int_equal(rc, -TRACE_ERR_LIMIT);
	assert_int_equal(i, 4);
	assert_non_null(trace_names_context(names, TRACE_NUMBER_MAX));
	assert_null(trace_names_object(names, TRACE_NUMBER_MAX));
	assert_string_equal(err.text, "its names need more than 512 MB of memory");
	trace_names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_file), cmocka_unit_test(from_part),
		cmocka_unit_test(replaced),  cmocka_unit_test(interpreted),
		cmocka_unit_test(malformed), cmocka_unit_test(too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
