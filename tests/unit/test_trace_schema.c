/*
 * The written form is the specified one: a trace with every type of line and every kind of value
 * goes through tests/validate_trace.py, which knows formats/trace.schema.json and zstdcat only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/trace_files.h"

/* Debian's Python has Debian's modules; another one that comes first in PATH may not. */
#define PYTHON "$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)"

static int validate(const char *path)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command), PYTHON " tests/validate_trace.py '%s' >&2", path);
	status = system(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void need_tools(void)
{
	if (system(PYTHON " -c 'import jsonschema' 2>/dev/null") || system("command -v zstdcat "
									   ">/dev/null")) {
		print_message("# no zstdcat, or no Python module jsonschema\n");
		skip();
	}
}

static void good(void **state)
{
	const char *path = trace_files_path("good.zst");

	(void)state;
	need_tools();
	trace_files_run(path, 3000, 700);
	assert_int_equal(validate(path), 0);
}

/* The check itself finds faults: one line of the same trace, changed. */
static void faults(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{ "\"frontrun\":\"header\"", "\"frontrun\":\"heeder\"" },
		{ "\"p\":\"announced\"", "\"p\":\"done\"" },
		{ "{\"lane\":2,", "{\"lane\":9," },
		{ "\"l\":1,\"k\":0", "\"l\":1" },
		{ "\"offset\":\"0x1001\"", "\"offset\":4097" },
		{ "\"to\":", "\"too\":" },
		{ "\"events\":100", "\"events\":99" },
	};
	const char *path = trace_files_path("fault.zst");
	size_t i, len;

	(void)state;
	need_tools();
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *frames[] = { NULL, NULL };
		char *lines, *at, *changed;

		trace_files_run(path, 100, 0);
		lines = trace_files_lines(path, &len);
		at = strstr(lines, changes[i].from);
		assert_non_null(at);
		changed = malloc(len + 64);
		*at = '\0';
		sprintf(changed, "%s%s%s", lines, changes[i].to, at + strlen(changes[i].from));
		frames[0] = changed;
		trace_files_frames(path, frames, false);
		assert_int_equal(validate(path), 1);
		free(changed);
		free(lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
