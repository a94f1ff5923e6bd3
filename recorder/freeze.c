/*
 * See freeze.h. A process is signalled by a pidfd that was opened before it was looked at once
 * more, so never one that has got the id of another since.
 */
#include "recorder/freeze.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 65536u

static struct process {
	pid_t pid, parent;
	char state;
	bool below; /* of us */
} table[MOST];
static unsigned count;

/* "pid (name) state ppid ...": the name may hold anything. False: it is gone. */
static bool look(pid_t pid, struct process *process)
{
	char path[64], text[512], *end;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return false;
	text[length] = '\0';
	end = strrchr(text, ')');
	if (!end || strlen(end) < 5)
		return false;
	*process = (struct process){ pid, (pid_t)strtol(end + 4, NULL, 10), end[2], false };
	return true;
}

static void fill_table(void)
{
	char buffer[8192] __attribute__((aligned(8)));
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n, at;

	count = 0;
	while (proc >= 0 && (n = syscall(SYS_getdents64, proc, buffer, sizeof(buffer))) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
			pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

			at += entry->d_reclen;
			if (pid > 1 && count < MOST)
				count += look(pid, &table[count]);
		}
	}
	if (proc >= 0)
		close(proc);
}

/* Listed in order of their ids, in which most parents come before their children. */
static bool is_below(pid_t parent)
{
	unsigned low = 0, high = count;

	if (parent == getpid())
		return true;
	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (table[middle].pid < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && table[low].pid == parent && table[low].below;
}

static void mark(void)
{
	bool more = true;
	unsigned i;

	while (more) {
		more = false;
		for (i = 0; i < count; i++) {
			if (table[i].below || !is_below(table[i].parent))
				continue;
			table[i].below = more = true;
		}
	}
}

static bool stop(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct process now;
	bool sent;

	if (fd < 0)
		return false;
	sent = look(pid, &now) && is_below(now.parent) && !strchr("TZX", now.state) &&
	       syscall(SYS_pidfd_send_signal, fd, SIGSTOP, NULL, 0) == 0;
	close(fd);
	return sent;
}

void freeze_descendants(unsigned rounds)
{
	unsigned i, stopped = 1;

	while (rounds-- && stopped) {
		fill_table();
		mark();
		for (i = stopped = 0; i < count; i++)
			if (table[i].below && !strchr("TZX", table[i].state))
				stopped += stop(table[i].pid);
	}
}
