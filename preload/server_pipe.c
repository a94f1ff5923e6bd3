/*
 * See server_pipe.h. Raw system calls only: libc's own could be trapped. pipe(7), open(2) on
 * O_PATH, proc(5) on /proc/PID/fd: a pipe can be opened by that name, and one that nobody has open
 * begins empty.
 */
#include "preload/server_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "preload/raw.h"

#define ENDS 256
#define PIPE_SIZE 65536 /* of a new pipe, pipe(7) */
#define NAME 32

static struct {
	uint64_t inode;
	int32_t fd;
	int32_t flags;      /* of the open file, fcntl(2) F_GETFL */
	int32_t close_exec; /* O_CLOEXEC or 0 */
	int32_t size;
	bool held;
} ends[ENDS];
static uint32_t end_count;

void server_pipe_clear(void)
{
	end_count = 0;
}

bool server_pipe_note(int fd, uint64_t inode)
{
	long close_exec = raw(SYS_fcntl, fd, F_GETFD);

	if (end_count == ENDS)
		return false;
	ends[end_count].inode = inode;
	ends[end_count].fd = fd;
	ends[end_count].flags = (int32_t)raw(SYS_fcntl, fd, F_GETFL);
	ends[end_count].close_exec = close_exec > 0 && close_exec & FD_CLOEXEC ? O_CLOEXEC : 0;
	ends[end_count].size = (int32_t)raw(SYS_fcntl, fd, F_GETPIPE_SZ);
	ends[end_count++].held = false;
	return true;
}

/* Opens by name what `fd` is, or names. Never waits for the other end. */
static long open_again(int fd, int flags)
{
	char path[NAME] = "/proc/self/fd/", digits[12];
	uint32_t n = 0, at = (uint32_t)strlen(path);

	do
		digits[n++] = (char)('0' + fd % 10);
	while ((fd /= 10));
	while (n)
		path[at++] = digits[--n];
	path[at] = '\0';
	return raw(SYS_open, path, flags | O_NONBLOCK | O_CLOEXEC, 0);
}

static bool is_first(uint32_t end)
{
	uint32_t i;

	for (i = 0; i < end; i++)
		if (ends[i].inode == ends[end].inode)
			return false;
	return true;
}

static bool has_both(uint64_t inode)
{
	bool reads = false, writes = false;
	uint32_t i;

	for (i = 0; i < end_count; i++) {
		if (ends[i].inode != inode)
			continue;
		reads |= (ends[i].flags & O_ACCMODE) != O_WRONLY;
		writes |= (ends[i].flags & O_ACCMODE) != O_RDONLY;
	}
	return reads && writes;
}

static void hold(uint32_t first)
{
	long probe = open_again(ends[first].fd, O_RDWR), name;
	uint32_t i;

	if (probe < 0)
		return;
	for (i = first; i < end_count; i++) {
		if (ends[i].inode != ends[first].inode)
			continue;
		name = open_again(ends[i].fd, O_PATH);
		if (name < 0)
			continue; /* this one stays open: the pipe as it was */
		raw(SYS_dup3, name, ends[i].fd, ends[i].close_exec);
		raw(SYS_close, name);
		ends[i].held = true;
	}
	raw(SYS_close, probe);
}

void server_pipe_hold(void)
{
	uint32_t i;

	for (i = 0; i < end_count; i++)
		if (ends[i].inode && is_first(i) && has_both(ends[i].inode))
			hold(i);
}

/* The ends of one pipe, while it is kept open for both: else writing ends could not be opened. */
static void open_ends(uint32_t first)
{
	long keeper = open_again(ends[first].fd, O_RDWR), fd;
	uint32_t i;

	if (keeper >= 0 && ends[first].size > 0 && ends[first].size != PIPE_SIZE)
		raw(SYS_fcntl, keeper, F_SETPIPE_SZ, ends[first].size);
	for (i = first; i < end_count; i++) {
		if (ends[i].inode != ends[first].inode || !ends[i].held)
			continue;
		fd = open_again(ends[i].fd, ends[i].flags & O_ACCMODE);
		raw(SYS_fcntl, fd, F_SETFL, ends[i].flags);
		raw(SYS_dup3, fd, ends[i].fd, ends[i].close_exec);
		raw(SYS_close, fd);
	}
	raw(SYS_close, keeper);
}

void server_pipe_open(void)
{
	uint32_t i;

	for (i = 0; i < end_count; i++)
		if (ends[i].held && is_first(i))
			open_ends(i);
}

static bool has_unread(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return raw(SYS_poll, &ready, 1, 0) > 0 && (ready.revents & POLLIN);
}

void server_pipe_drain(void)
{
	char sink[4096];
	uint32_t i;

	for (i = 0; i < end_count; i++)
		while (!ends[i].held && has_unread(ends[i].fd) &&
		       raw(SYS_read, ends[i].fd, sink, sizeof sink) > 0)
			;
}
