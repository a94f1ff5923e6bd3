/*
 * Comparing with golden files, see golden.h.
 */
#include "tests/unit/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GOLDEN_BYTES = 65536 };

void golden_check(const char *name, const char *text)
{
	const char *mode = getenv("FRONTRUN_GOLDEN");
	static char expected[GOLDEN_BYTES];
	char path[256];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	if (mode && strcmp(mode, "write") == 0) {
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(text, file);
		fclose(file);
		return;
	}
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s is missing", path);
	length = fread(expected, 1, sizeof(expected) - 1, file);
	expected[length] = '\0';
	fclose(file);
	if (strcmp(expected, text) != 0)
		fail_msg("differs from %s\n--- expected\n%s--- got\n%s---", path, expected, text);
}
