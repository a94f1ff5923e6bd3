/*
 * Kinds of standard streams, see streams.h.
 */
#include "recorder/streams.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const words[PLAN_STREAM_COUNT] = {
	[PLAN_STREAM_AS_IS] = "unknown", [PLAN_STREAM_TERMINAL] = "terminal",
	[PLAN_STREAM_PIPE] = "pipe",     [PLAN_STREAM_SOCKET] = "socket",
	[PLAN_STREAM_FILE] = "file",     [PLAN_STREAM_DEVICE] = "device",
	[PLAN_STREAM_CLOSED] = "closed",
};

enum plan_stream streams_kind(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return PLAN_STREAM_CLOSED;
	switch (status.st_mode & S_IFMT) {
	case S_IFIFO:
		return PLAN_STREAM_PIPE;
	case S_IFSOCK:
		return PLAN_STREAM_SOCKET;
	case S_IFCHR:
		return isatty(fd) ? PLAN_STREAM_TERMINAL : PLAN_STREAM_DEVICE;
	default:
		return PLAN_STREAM_FILE;
	}
}

const char *streams_word(unsigned kind)
{
	return words[kind < PLAN_STREAM_COUNT ? kind : PLAN_STREAM_AS_IS];
}

enum plan_stream streams_by_word(const char *word)
{
	unsigned i;

	for (i = PLAN_STREAM_AS_IS + 1; i < PLAN_STREAM_COUNT; i++)
		if (!strcmp(word, words[i]))
			return (enum plan_stream)i;
	return PLAN_STREAM_AS_IS;
}
