/*
 * Tracebacks as CPython 3.11 to 3.13 print them: of threads, of the program, chained, grouped, cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/traceback.h"

#define TRACEBACK "Traceback (most recent call last):\n"
#define LIBRARY                                                           \
	"  File \"/usr/lib/python3.11/threading.py\", line 975, in run\n" \
	"    self._target(*self._args, **self._kwargs)\n"                 \
	"    ~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
#define PLACE(file, line, function) \
	"  File \"/home/me/" #file "\", line " #line ", in " #function "\n    do()\n"

static struct traceback find(const char *text)
{
	struct traceback found;

	assert_true(traceback_find(&found, text, strlen(text)));
	return found;
}

static void of_a_thread(void **state)
{
	struct traceback found =
		find("starting\nException in thread Thread-1 (work):\n" TRACEBACK LIBRARY PLACE(
			bank.py, 7, work) LIBRARY "ValueError: bad\nsecond line\ngoing on\n");

	(void)state;
	assert_true(found.in_thread);
	assert_string_equal(found.thread, "Thread-1 (work)");
	assert_string_equal(found.exception, "ValueError: bad");
	assert_int_equal(traceback_type(&found), strlen("ValueError"));
	/* Where the user's code called the library. */
	assert_string_equal(found.file, "bank.py");
	assert_string_equal(found.function, "work");
	assert_int_equal(found.line, 7);
	/* Of _thread.start_new_thread(), in the words of 3.11 and of 3.13. */
	found = find(
		"Exception ignored in thread started by: <function work at 0x7f>\n" TRACEBACK PLACE(
			bank.py, 7, work) "KeyError\n");
	assert_true(found.in_thread);
	assert_string_equal(found.thread, "");
	assert_string_equal(found.exception, "KeyError");
	assert_int_equal(traceback_type(&found), strlen("KeyError"));
	found = find(
		"Exception ignored in thread started by <function work at 0x7f>:\n" TRACEBACK PLACE(
			bank.py, 7, work) "KeyError\n");
	assert_true(found.in_thread);
}

static void of_several(void **state)
{
	static const char first[] = "Exception in thread one:\n" TRACEBACK
		PLACE(a.py, 1, f) "KeyError: 1\nException in thread two:\n" TRACEBACK PLACE(
			b.py, 2, g) "IndexError: 2\n" TRACEBACK PLACE(c.py, 3,
								      h) "AssertionError: 3\n";
	struct traceback found = find(first);

	(void)state;
	assert_string_equal(found.exception, "KeyError: 1");
	assert_string_equal(found.thread, "one");
	/* Of the program itself the last one: those before were caught. */
	found = find(TRACEBACK PLACE(a.py, 1, f) "KeyError: 1\n" TRACEBACK PLACE(
		c.py, 3, h) "AssertionError: 3\n");
	assert_false(found.in_thread);
	assert_string_equal(found.exception, "AssertionError: 3");
	assert_string_equal(found.file, "c.py");
}

static void chained(void **state)
{
	struct traceback found = find("Exception in thread one:\n" TRACEBACK PLACE(
		a.py, 1,
		f) "KeyError: 1\n\nThe above "
		   "exception was the direct cause of the following exception:\n\n" TRACEBACK
					      LIBRARY PLACE(b.py, 2, g) "ValueError: bad\n");

	(void)state;
	assert_true(found.in_thread);
	assert_string_equal(found.exception, "ValueError: bad");
	assert_string_equal(found.file, "b.py");
	found = find(TRACEBACK PLACE(
		a.py, 1, f) "KeyError: 1\n\nDuring handling of the above exception, another "
			    "exception occurred:\n\n" TRACEBACK PLACE(b.py, 2, g) "OSError\n");
	assert_string_equal(found.exception, "OSError");
	found = find("Exception in thread one:\n"
		     "  + Exception Group Traceback (most recent call last):\n"
		     "  |   File \"/home/me/bank.py\", line 12, in run\n"
		     "  |     raise ExceptionGroup(\"many\", [KeyError(1)])\n"
		     "  | ExceptionGroup: many (1 sub-exception)\n"
		     "  +-+---------------- 1 ----------------\n"
		     "    | KeyError: 1\n"
		     "    +------------------------------------\n");
	assert_string_equal(found.exception, "ExceptionGroup: many (1 sub-exception)");
	assert_int_equal(found.line, 12);
}

static void none(void **state)
{
	static const char *const texts[] = {
		"",
		"Traceback",
		TRACEBACK,
		TRACEBACK PLACE(a.py, 1, f),
		"Exception in thread one:\n",
		"Exception ignored in: <function D.__del__ at 0x7f>\n" TRACEBACK PLACE(
			a.py, 1, f) "KeyError: 1\n",
		"KeyError: 1\n",
	};
	struct traceback found;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(traceback_find(&found, texts[i], strlen(texts[i])));
}

/* Anything may stand there, and it may begin anywhere. */
static void hostile(void **state)
{
	static char text[20000];
	struct traceback found;
	size_t i, length;

	(void)state;
	strcpy(text, "Exception in thread ");
	memset(text + strlen(text), 'x', 5000);
	strcat(text, ":\n" TRACEBACK "  File \"");
	memset(text + strlen(text), 'y', 5000);
	strcat(text, "\", line 99999999999999999999, in ");
	memset(text + strlen(text), 'z', 5000);
	strcat(text, "\n  File \"\n  File \"a\n  File \"a\", line\n");
	memset(text + strlen(text), 'e', 3000);
	length = strlen(text);
	assert_true(traceback_find(&found, text, length));
	assert_in_range(strlen(found.exception), 1, sizeof(found.exception) - 1);
	for (i = 0; i < length; i += 7)
		traceback_find(&found, text + i, length - i);
}

static void fatal(void **state)
{
	static const char text[] = "hello\nFatal Python error: Aborted\n\nCurrent thread\n";
	size_t length;
	const char *at = traceback_fatal(text, strlen(text), &length);

	(void)state;
	assert_non_null(at);
	assert_int_equal(length, strlen("Fatal Python error: Aborted"));
	assert_null(traceback_fatal("no Fatal Python error: x", 24, &length));
	assert_null(traceback_fatal("", 0, &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_thread), cmocka_unit_test(of_several),
		cmocka_unit_test(chained),     cmocka_unit_test(none),
		cmocka_unit_test(hostile),     cmocka_unit_test(fatal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
