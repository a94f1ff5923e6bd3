/*
 * Identity and CPUs of the process, and what a forked child undoes: children run uncontrolled but
 * intact.
 */
#include "preload/process.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "formats/plan.h"
#include "preload/child_locks.h"
#include "preload/children.h"
#include "preload/decide.h"
#include "preload/foreign.h"
#include "preload/log.h"
#include "preload/raw.h"
#include "preload/signals.h"
#include "preload/tape.h"
#include "preload/thread_state.h"

static const struct plan_environment *environment;
static uint8_t pinned[1024];
static long pinned_bytes;
static uint32_t first_lane; /* number of this image's first */

void process_unpin(void)
{
	if (environment && environment->affinity_bytes)
		raw(SYS_sched_setaffinity, 0, environment->affinity_bytes, environment->affinity);
}

void process_pin(void)
{
	if (environment && environment->affinity_bytes && pinned_bytes > 0)
		raw(SYS_sched_setaffinity, 0, pinned_bytes, pinned);
}

static bool is_logical(void)
{
	return decide_run()->flags & PLAN_RUN_LOGICAL_PIDS;
}

/* Of the program that this process was forked from: by what it knows it, and the kernel's. */
static pid_t forked_from, forked_from_real;

/* In the child of a fork, before any other handler: from here on it is none of ours. */
static void become_uncontrolled(void)
{
	if (children_recorded)
		children_forked(); /* of a child */
	if (!thread_state.lane)
		return;
	if (tape_giving())
		raw(SYS_exit_group, 0); /* there was one, but what it did is in the trace */
	if (tape_mode == TAPE_KEEP)
		children_forked();
	child_locks_forked(thread_state.lane);
	forked_from_real = (pid_t)raw(SYS_getppid);
	forked_from = is_logical() && decide_run()->pid ? (pid_t)decide_run()->pid
							: forked_from_real;
	thread_state.lane = NULL;
	thread_state.inside = 0;
	tape_child();
	process_unpin();
	signals_child();
	foreign_child();
}

void process_init_child(void)
{
	pid_t parent = (pid_t)raw(SYS_getppid);

	if (parent == (pid_t)region->process[0].pid && is_logical() && decide_run()->pid) {
		forked_from = (pid_t)decide_run()->pid;
		forked_from_real = parent;
	} else {
		forked_from = forked_from_real = parent;
	}
	pthread_atfork(NULL, NULL, become_uncontrolled);
}

void process_init(void)
{
	uint32_t length;

	environment = decide_section(PLAN_ENVIRONMENT, &length);
	pinned_bytes = raw(SYS_sched_getaffinity, 0, sizeof pinned, pinned);
	first_lane = thread_state.lane->number;
	pthread_atfork(NULL, NULL, become_uncontrolled);
}

pid_t process_pid(void)
{
	const struct plan_run *run = decide_run();

	if (is_logical() && run->pid)
		return (pid_t)run->pid;
	return (pid_t)raw(SYS_getpid);
}

pid_t process_parent(void)
{
	const struct plan_run *run = decide_run();

	if (forked_from) {
		pid_t parent = (pid_t)raw(SYS_getppid);

		return parent == forked_from_real ? forked_from : parent;
	}
	if (is_logical() && run->ppid)
		return (pid_t)run->ppid;
	return (pid_t)raw(SYS_getppid);
}

/* Numbers of lanes are never used again in a run, slots and kernel threads are. */
pid_t process_tid(const struct lane *lane)
{
	if (!is_logical())
		return (pid_t)lane->tid;
	return process_pid() + (pid_t)(lane->number - first_lane);
}

struct lane *process_lane(pid_t tid)
{
	uint32_t i;

	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].state != LANE_DONE && process_tid(&lanes[i]) == tid)
			return &lanes[i];
	return NULL;
}

pid_t process_real_pid(pid_t pid)
{
	const struct plan_run *run = decide_run();

	if (forked_from)
		return pid == forked_from ? forked_from_real : pid;
	if (!region || !thread_state.lane)
		return pid;
	if (pid == process_pid())
		return (pid_t)raw(SYS_getpid);
	if (is_logical() && run->ppid && pid == (pid_t)run->ppid)
		return (pid_t)raw(SYS_getppid);
	return pid;
}

pid_t process_real_tid(pid_t tid)
{
	struct lane *lane = thread_state.lane && tid > 0 ? process_lane(tid) : NULL;

	return lane ? (pid_t)lane->tid : process_real_pid(tid);
}

pid_t process_shown_pid(pid_t pid)
{
	if (forked_from)
		return pid == forked_from_real ? forked_from : pid;
	return thread_state.lane && pid == (pid_t)raw(SYS_getpid) ? process_pid() : pid;
}

static const char *put_number(char *space, size_t *at, const char *digits, pid_t (*real)(pid_t))
{
	char text[12];
	size_t n = 0;
	pid_t id = 0;

	for (; *digits >= '0' && *digits <= '9' && n < 9; digits++, n++)
		id = id * 10 + (*digits - '0');
	id = real(id);
	n = 0;
	do
		text[n++] = (char)('0' + id % 10);
	while ((id /= 10) > 0);
	while (n)
		space[(*at)++] = text[--n];
	return digits;
}

const char *process_real_path(const char *path, char space[PROCESS_PATH])
{
	static const char proc[] = "/proc/", task[] = "task/";
	size_t at = sizeof proc - 1;

	if (!path || *path != '/' || strncmp(path, proc, at) != 0 || !thread_state.lane ||
	    strlen(path) >= PROCESS_PATH / 2)
		return path;
	memcpy(space, proc, at);
	path += at;
	if (*path >= '0' && *path <= '9')
		path = put_number(space, &at, path, process_real_pid);
	while (*path) {
		if (path[-1] == '/' && strncmp(path, task, sizeof task - 1) == 0 &&
		    path[5] >= '0' && path[5] <= '9') {
			memcpy(space + at, task, sizeof task - 1);
			at += sizeof task - 1;
			path = put_number(space, &at, path + sizeof task - 1, process_real_tid);
			continue;
		}
		space[at++] = *path++;
	}
	space[at] = '\0';
	return space;
}
