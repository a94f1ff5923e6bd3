/*
 * Standard streams as they were when the process began, see streams.h.
 */
#include "preload/streams.h"

#include <asm/termbits.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "formats/hash.h"
#include "preload/decide.h"
#include "preload/descriptors.h"
#include "preload/log.h"
#include "preload/tape.h"

/* What libc takes for a stream of such a kind: st_blksize where that is less than BUFSIZ. */
#define TERMINAL_BUFFER 1024
#define OTHER_BUFFER 4096

static struct stat at_start[PLAN_STREAMS]; /* st_ino 0: not open, or not the one of the start */
static uint8_t pretended[PLAN_STREAMS];    /* enum plan_stream; AS_IS: as it is */
static bool pretending;

static enum plan_stream kind_of(int fd, const struct stat *status)
{
	struct termios settings;

	switch (status->st_mode & S_IFMT) {
	case S_IFIFO:
		return PLAN_STREAM_PIPE;
	case S_IFSOCK:
		return PLAN_STREAM_SOCKET;
	case S_IFCHR:
		return tape_ask(SYS_ioctl, fd, TCGETS, &settings) == 0 ? PLAN_STREAM_TERMINAL
								       : PLAN_STREAM_DEVICE;
	default:
		return PLAN_STREAM_FILE;
	}
}

static uint32_t hash_of(const struct stat *status)
{
	return (uint32_t)hash_id(status->st_dev, status->st_ino, 0) | 1;
}

int streams_known(long fd, const struct stat *status)
{
	uint32_t hash = hash_of(status);
	int i;

	if ((fd == 1 || fd == 2) && region->numbers.stream[fd] == hash)
		return (int)fd;
	for (i = 1; i < PLAN_STREAMS; i++)
		if (region->numbers.stream[i] == hash)
			return i;
	return -1;
}

/* The program can have put another file there before an exec. */
static bool is_original(int fd, const struct stat *status)
{
	uint32_t hash = hash_of(status);

	if (process_index == 0)
		region->numbers.stream[fd] = hash;
	return region->numbers.stream[fd] == hash;
}

static void set_buffer(FILE *file, char *buffer, enum plan_stream kind)
{
	bool terminal = kind == PLAN_STREAM_TERMINAL;

	setvbuf(file, buffer, terminal ? _IOLBF : _IOFBF,
		terminal ? TERMINAL_BUFFER : OTHER_BUFFER);
}

void streams_init(void)
{
	static char input[OTHER_BUFFER], output[OTHER_BUFFER];
	static bool buffered;
	const struct plan_run *run = decide_run();
	enum plan_stream kind;
	int fd;

	pretending = false;
	for (fd = 0; fd < PLAN_STREAMS; fd++) {
		pretended[fd] = PLAN_STREAM_AS_IS;
		kind = (enum plan_stream)run->streams[fd];
		if (kind == PLAN_STREAM_CLOSED && process_index == 0)
			tape_ask(SYS_close, fd);
		if (tape_ask(SYS_fstat, fd, &at_start[fd]) < 0 || !is_original(fd, &at_start[fd])) {
			at_start[fd].st_ino = 0;
			continue;
		}
		if (kind == PLAN_STREAM_AS_IS || kind == PLAN_STREAM_CLOSED)
			continue;
		if (kind != kind_of(fd, &at_start[fd])) {
			pretended[fd] = (uint8_t)kind;
			pretending = true;
		}
		/* Always: also the memory that libc would take for a buffer is part of a run. */
		if (fd == 0 && !buffered)
			set_buffer(stdin, input, kind);
		else if (fd == 1 && !buffered)
			set_buffer(stdout, output, kind);
	}
	buffered = true;
}

int streams_find(long fd, const struct stat *status)
{
	int i;

	for (i = fd >= 0 && fd < PLAN_STREAMS ? (int)fd : 0; i < PLAN_STREAMS; i++) {
		if (at_start[i].st_ino && at_start[i].st_ino == status->st_ino &&
		    at_start[i].st_dev == status->st_dev)
			return i;
		if (fd < PLAN_STREAMS)
			break;
	}
	return -1;
}

enum plan_stream streams_pretend(int fd)
{
	struct stat status;
	int stream;

	if (!pretending || descriptors_status(fd, &status) < 0)
		return PLAN_STREAM_AS_IS;
	stream = streams_find(fd, &status);
	return stream < 0 ? PLAN_STREAM_AS_IS : (enum plan_stream)pretended[stream];
}

/* Standard input stays what it is: who asks wants to read it in a way that has to work. */
void streams_dress(int fd, struct stat *status)
{
	static const mode_t types[PLAN_STREAM_COUNT] = {
		[PLAN_STREAM_TERMINAL] = S_IFCHR, [PLAN_STREAM_PIPE] = S_IFIFO,
		[PLAN_STREAM_SOCKET] = S_IFSOCK,  [PLAN_STREAM_FILE] = S_IFREG,
		[PLAN_STREAM_DEVICE] = S_IFCHR,
	};
	int stream = pretending ? streams_find(fd, status) : -1;
	unsigned kind;

	if (stream <= 0 || pretended[stream] == PLAN_STREAM_AS_IS)
		return;
	kind = pretended[stream];
	status->st_mode = (status->st_mode & ~(mode_t)S_IFMT) | types[kind];
	status->st_blksize = kind == PLAN_STREAM_TERMINAL ? TERMINAL_BUFFER : OTHER_BUFFER;
	status->st_rdev = kind == PLAN_STREAM_TERMINAL ? makedev(136, 0)
			  : kind == PLAN_STREAM_DEVICE ? makedev(1, 3)
						       : 0;
	status->st_size = 0;
	status->st_blocks = 0;
}
