/*
 * Reads tracebacks line by line, see traceback.h.
 */
#include "recorder/traceback.h"

#include <stdio.h>
#include <string.h>

enum state {
	OUTSIDE,
	FRAMES, /* behind "Traceback ...": places, and source lines that are indented */
	BEHIND, /* behind the exception: its message may go on, another one may follow from it */
	CHAINED /* ... and one does */
};

struct reading {
	struct traceback now, thread, last;
	enum state state;
	bool has_thread, has_last, ignored;
};

/* One line, without its newline. */
struct line {
	const char *text;
	size_t length;
};

static bool begins(struct line line, const char *words)
{
	size_t length = strlen(words);

	return line.length >= length && memcmp(line.text, words, length) == 0;
}

static void copy(char *into, size_t size, const char *text, size_t length)
{
	if (length >= size)
		length = size - 1;
	memcpy(into, text, length);
	into[length] = '\0';
}

/* "Exception in thread Thread-1 (work):" */
static bool take_heading(struct reading *reading, struct line line)
{
	static const char in_thread[] = "Exception in thread ";
	static const char started[] = "Exception in thread started by";
	static const char ignored_started[] = "Exception ignored in thread started by";
	static const char ignored[] = "Exception ignored ";
	bool unnamed = begins(line, started) || begins(line, ignored_started);
	size_t skip = strlen(in_thread);

	if (!unnamed && !begins(line, in_thread) && !begins(line, ignored))
		return false;
	reading->now = (struct traceback){ .in_thread = unnamed || begins(line, in_thread) };
	reading->ignored = !reading->now.in_thread;
	reading->state = CHAINED;
	if (!unnamed && !reading->ignored && line.length > skip)
		copy(reading->now.thread, sizeof(reading->now.thread), line.text + skip,
		     line.length - skip - (line.text[line.length - 1] == ':'));
	return true;
}

static bool is_library(struct line path)
{
	return memmem(path.text, path.length, "/lib/python", strlen("/lib/python")) ||
	       memmem(path.text, path.length, "-packages/", strlen("-packages/")) ||
	       begins(path, "<frozen ");
}

/* `  File "/home/me/bank.py", line 7, in deposit` */
static void take_place(struct reading *reading, struct line line)
{
	static const char file[] = "  File \"";
	struct traceback *now = &reading->now;
	struct line path = { line.text + strlen(file), 0 };
	const char *end, *slash, *in;
	char rest[256];
	unsigned number;

	if (!begins(line, file))
		return;
	end = memchr(path.text, '"', line.length - strlen(file));
	if (!end)
		return;
	path.length = (size_t)(end - path.text);
	/* A library below the user's code says less than that. */
	if (is_library(path) && now->line)
		return;
	copy(rest, sizeof(rest), end, line.length - (size_t)(end - line.text));
	if (sscanf(rest, "\", line %u", &number) != 1)
		return;
	slash = memrchr(path.text, '/', path.length);
	slash = slash ? slash + 1 : path.text;
	copy(now->file, sizeof(now->file), slash, (size_t)(end - slash));
	in = strstr(rest, ", in ");
	copy(now->function, sizeof(now->function), in ? in + 5 : "", in ? strlen(in + 5) : 0);
	/* Of a library: as good as none, once there is one of the user's. */
	now->line = is_library(path) ? 0 : number;
}

static void end_traceback(struct reading *reading, struct line line)
{
	copy(reading->now.exception, sizeof(reading->now.exception), line.text, line.length);
	reading->state = BEHIND;
	if (reading->ignored)
		return;
	if (!reading->now.in_thread) {
		reading->last = reading->now;
		reading->has_last = true;
	} else if (!reading->has_thread) {
		reading->thread = reading->now;
	}
}

static void take_line(struct reading *reading, struct line line)
{
	static const char traceback[] = "Traceback (most recent call last):";

	/* Groups of exceptions are drawn as a tree. */
	if (begins(line, "  | ") || begins(line, "  + ")) {
		line.text += 4;
		line.length -= 4;
	}
	if (take_heading(reading, line)) {
		/* Another thread's: the one before is complete. */
		reading->has_thread |= *reading->thread.exception != '\0';
	} else if (memmem(line.text, line.length, traceback, strlen(traceback)) &&
		   line.text[0] != ' ') {
		if (reading->state != CHAINED) {
			reading->now = (struct traceback){ 0 };
			reading->ignored = false;
		}
		reading->now.line = 0;
		reading->state = FRAMES;
	} else if (reading->state == FRAMES && line.length && line.text[0] == ' ') {
		take_place(reading, line);
	} else if (reading->state == FRAMES && line.length) {
		end_traceback(reading, line);
	} else if (begins(line, "The above exception was the direct cause of ") ||
		   begins(line, "During handling of the above exception, ")) {
		reading->state = CHAINED;
	}
}

bool traceback_find(struct traceback *found, const char *text, size_t size)
{
	struct reading reading = { 0 };
	const char *end = text + size, *newline;
	struct line line;

	for (line.text = text; line.text < end; line.text += line.length + 1) {
		newline = memchr(line.text, '\n', (size_t)(end - line.text));
		line.length = (size_t)((newline ? newline : end) - line.text);
		take_line(&reading, line);
	}
	if (*reading.thread.exception)
		*found = reading.thread;
	else if (reading.has_last)
		*found = reading.last;
	return *reading.thread.exception || reading.has_last;
}

size_t traceback_type(const struct traceback *traceback)
{
	return strcspn(traceback->exception, ":");
}

const char *traceback_fatal(const char *text, size_t size, size_t *length)
{
	static const char words[] = "Fatal Python error: ";
	const char *at = memmem(text, size, words, strlen(words)), *newline;

	if (!at || (at > text && at[-1] != '\n'))
		return NULL;
	newline = memchr(at, '\n', size - (size_t)(at - text));
	*length = newline ? (size_t)(newline - at) : size - (size_t)(at - text);
	return at;
}
