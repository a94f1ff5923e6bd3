/*
 * See output_diff.h.
 */
#include "fuzz/output_diff.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/text.h"

#define MOST 1048576
#define BEFORE 24 /* bytes that are shown before the difference */
#define SHOWN 60

char *output_read(int fd, size_t *size)
{
	struct stat status;
	size_t room = 0, used = 0;
	char *bytes;
	ssize_t n;

	if (fstat(fd, &status) == 0 && status.st_size > 0)
		room = status.st_size < MOST ? (size_t)status.st_size : MOST;
	bytes = alloc_check(malloc(room + 1));
	while (used < room && (n = pread(fd, bytes + used, room - used, (off_t)used)) > 0)
		used += (size_t)n;
	*size = used;
	return bytes;
}

static void add_part(struct text *text, const char *bytes, size_t size, size_t line, size_t at)
{
	const char *end;
	size_t start = at > line + BEFORE ? at - BEFORE : line, length;

	if (line >= size) {
		text_add(text, "missing");
		return;
	}
	end = memchr(bytes + start, '\n', size - start);
	length = end ? (size_t)(end - bytes) - start : size - start;
	text_add(text, start > line ? "\".." : "\"");
	text_add_clean_n(text, bytes + start, length < SHOWN ? length : SHOWN);
	text_add(text, length > SHOWN ? "..\"" : "\"");
}

void output_difference(const char *first, size_t first_size, int fd, char *words, size_t size)
{
	size_t now_size, at = 0, line = 0, number = 1;
	char *now = output_read(fd, &now_size);
	struct text text;

	text_init(&text, words, size);
	while (at < first_size && at < now_size && first[at] == now[at])
		if (first[at++] == '\n') {
			line = at;
			number++;
		}
	if (at < first_size || at < now_size) {
		text_addf(&text, "line %zu is ", number);
		add_part(&text, now, now_size, line, at);
		text_add(&text, ", in the first run ");
		add_part(&text, first, first_size, line, at);
	}
	free(now);
}
