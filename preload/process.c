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
#include "preload/decide.h"
#include "preload/foreign.h"
#include "preload/log.h"
#include "preload/raw.h"
#include "preload/signals.h"
#include "preload/thread_state.h"

static const struct plan_environment *environment;
static uint8_t pinned[1024];
static long pinned_bytes;

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

/* In the child of a fork, before any other handler: from here on it is none of ours. */
static void become_uncontrolled(void)
{
	if (!thread_state.lane)
		return;
	thread_state.lane = NULL;
	thread_state.inside = 0;
	process_unpin();
	signals_child();
	foreign_child();
}

void process_init(void)
{
	uint32_t length;

	environment = decide_section(PLAN_ENVIRONMENT, &length);
	pinned_bytes = raw(SYS_sched_getaffinity, 0, sizeof pinned, pinned);
	pthread_atfork(NULL, NULL, become_uncontrolled);
}

pid_t process_pid(void)
{
	const struct plan_run *run = decide_run();

	if ((run->flags & PLAN_RUN_LOGICAL_PIDS) && run->pid)
		return (pid_t)run->pid;
	return (pid_t)raw(SYS_getpid);
}

pid_t process_real_pid(pid_t pid)
{
	return pid == process_pid() ? (pid_t)raw(SYS_getpid) : pid;
}
