/*
 * Is the target fit for forking, and what has to be put back between two runs; see server_fit.h.
 * Raw system calls only: libc's own could be trapped. proc(5), lseek(2).
 */
#include "preload/server_fit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "preload/foreign.h"
#include "preload/raw.h"
#include "preload/server_pipe.h"

#define OFFSETS 4096 /* seekable descriptors */

static struct {
	int32_t fd;
	int64_t offset;
} offsets[OFFSETS];
static uint32_t offset_count;

struct linux_dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static void say(char *detail, uint32_t size, const char *text)
{
	uint32_t i;

	for (i = 0; i + 1 < size && text[i]; i++)
		detail[i] = text[i];
	detail[i] = '\0';
}

static int parse_fd(const char *name)
{
	int fd = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		fd = fd * 10 + (*name - '0');
	return *name ? -1 : fd;
}

static void link_of(int fd, char *text, uint32_t size)
{
	char path[32] = "/proc/self/fd/", digits[12];
	uint32_t n = 0, at = (uint32_t)strlen(path);
	long length;

	do
		digits[n++] = (char)('0' + fd % 10);
	while ((fd /= 10));
	while (n)
		path[at++] = digits[--n];
	path[at] = '\0';
	length = raw(SYS_readlink, path, text, size - 1);
	text[length > 0 ? length : 0] = '\0';
}

static bool has_unread(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return raw(SYS_poll, &ready, 1, 0) > 0 && (ready.revents & POLLIN);
}

/*
 * The standard streams are files of the CLI, given anew to each run; where one is a pipe the
 * program has put it there.
 */
static enum server_unfit look_at(int fd, char *detail, uint32_t size)
{
	struct stat status;
	char target[96];
	long offset;

	if (raw(SYS_fstat, fd, &status) != 0)
		return UNFIT_NONE;
	offset = raw(SYS_lseek, fd, 0, SEEK_CUR);
	if (offset >= 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
		if (offset_count == OFFSETS)
			return UNFIT_UNKNOWN;
		offsets[offset_count].fd = fd;
		offsets[offset_count++].offset = offset;
		return UNFIT_NONE;
	}
	if ((fd <= 2 && !S_ISFIFO(status.st_mode)) || S_ISCHR(status.st_mode) ||
	    S_ISBLK(status.st_mode))
		return UNFIT_NONE;
	link_of(fd, target, sizeof target);
	say(detail, size, target);
	if (S_ISSOCK(status.st_mode))
		return UNFIT_SOCKET;
	if (!S_ISFIFO(status.st_mode) && strcmp(target, "anon_inode:[eventfd]") != 0)
		return UNFIT_EVENTS;
	/* Of a pipe with a path another process may have an end at any time: it is left alone. */
	if (has_unread(fd) ||
	    !server_pipe_note(fd, strncmp(target, "pipe:", 5) == 0 ? status.st_ino : 0))
		return UNFIT_PIPE;
	*detail = '\0';
	return UNFIT_NONE;
}

static enum server_unfit look_at_descriptors(char *detail, uint32_t size)
{
	long fd = raw(SYS_open, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	enum server_unfit unfit = UNFIT_NONE;
	char buffer[4096];
	long n, at;

	if (fd < 0)
		return UNFIT_UNKNOWN;
	while (unfit == UNFIT_NONE && (n = raw(SYS_getdents64, fd, buffer, sizeof buffer)) > 0)
		for (at = 0; at < n && unfit == UNFIT_NONE;) {
			struct linux_dirent64 *entry = (struct linux_dirent64 *)(buffer + at);
			int number = entry->name[0] == '.' ? -1 : parse_fd(entry->name);

			if (number >= 0 && number != fd)
				unfit = look_at(number, detail, size);
			at += entry->reclen;
		}
	raw(SYS_close, fd);
	return unfit;
}

/* A line of /proc/self/maps that is shared and writable, and not our region. */
static bool is_shared(const char *line)
{
	const char *mode = strchr(line, ' ');

	return mode && mode[1] && mode[2] == 'w' && mode[3] && mode[4] == 's' &&
	       !strstr(line, "/memfd:frontrun ");
}

static enum server_unfit look_at_memory(char *detail, uint32_t size)
{
	long fd = raw(SYS_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0), n;
	static char buffer[8192];
	uint32_t used = 0;
	enum server_unfit unfit = UNFIT_NONE;

	if (fd < 0)
		return UNFIT_UNKNOWN;
	while ((n = raw(SYS_read, fd, buffer + used, sizeof buffer - 1 - used)) > 0) {
		char *line = buffer, *end;

		used += (uint32_t)n;
		buffer[used] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			if (unfit == UNFIT_NONE && is_shared(line)) {
				unfit = UNFIT_SHARED_MEMORY;
				say(detail, size, strchr(line, '/') ? strchr(line, '/') : line);
			}
		}
		used -= (uint32_t)(line - buffer);
		memmove(buffer, line, used);
		if (used == sizeof buffer - 1)
			break;
	}
	raw(SYS_close, fd);
	return unfit;
}

enum server_unfit server_fit_look(char *detail, uint32_t size)
{
	enum server_unfit unfit;
	siginfo_t info;

	*detail = '\0';
	offset_count = 0;
	server_pipe_clear();
	if (raw(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, 0) != -ECHILD)
		return UNFIT_CHILD;
	if (foreign_seen())
		return UNFIT_THREAD;
	unfit = look_at_descriptors(detail, size);
	return unfit != UNFIT_NONE ? unfit : look_at_memory(detail, size);
}

void server_fit_restore(void)
{
	uint32_t i;

	for (i = 0; i < offset_count; i++)
		raw(SYS_lseek, offsets[i].fd, offsets[i].offset, SEEK_SET);
	server_pipe_drain();
}
