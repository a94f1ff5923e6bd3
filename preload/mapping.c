/*
 * Reading /proc/self/maps, a line at a time without a buffer for whole lines. proc(5).
 */
#include "preload/mapping.h"

#include <errno.h>
#include <fcntl.h>

#include "preload/raw.h"

/* Fields of a line: "start-end rwxp ..."; the flag in question is the fourth letter. */
enum field { FIELD_START, FIELD_END, FIELD_FLAGS, FIELD_REST };

struct scan {
	uint64_t address, start, end;
	enum field field;
	uint32_t letter;
	bool found, shared;
};

static uint64_t hex_digit(char c)
{
	return (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void take(struct scan *scan, char c)
{
	if (c == '\n') {
		scan->field = FIELD_START;
		scan->start = scan->end = 0;
		scan->letter = 0;
		return;
	}
	switch (scan->field) {
	case FIELD_START:
		if (c == '-')
			scan->field = FIELD_END;
		else
			scan->start = scan->start * 16 + hex_digit(c);
		break;
	case FIELD_END:
		if (c == ' ')
			scan->field = FIELD_FLAGS;
		else
			scan->end = scan->end * 16 + hex_digit(c);
		break;
	case FIELD_FLAGS:
		if (++scan->letter < 4)
			break;
		scan->field = FIELD_REST;
		if (scan->address >= scan->start && scan->address < scan->end) {
			scan->found = true;
			scan->shared = c == 's';
		}
		break;
	case FIELD_REST:
		break;
	}
}

bool mapping_is_shared(uint64_t address)
{
	struct scan scan = { .address = address };
	char buffer[1024];
	long fd = raw(SYS_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0), got, i;

	if (fd < 0)
		return true;
	while (!scan.found && (got = raw(SYS_read, fd, buffer, sizeof buffer)) != 0) {
		if (got == -EINTR)
			continue;
		if (got < 0)
			break;
		for (i = 0; i < got && !scan.found; i++)
			take(&scan, buffer[i]);
	}
	raw(SYS_close, fd);
	return !scan.found || scan.shared;
}
