/*
 * The end of the process, its ids, and the CPUs it believes to have.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "preload/decide.h"
#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/tape.h"

/* The end is a scheduling point: other threads may run before it. */
static void exit_point(int status)
{
	struct lane *me = thread_enter();

	if (!me)
		return;
	sched_point(me, EVENT_EXIT, NULL, CONTEXT_HERE(me), 0);
	if (tape_mode != TAPE_OFF)
		log_loaded_modules();
	sched_done(me, status & 0xff);
	thread_leave(me);
}

EXPORT void exit(int status)
{
	exit_point(status);
	REAL(exit)(status);
	__builtin_unreachable();
}

EXPORT void quick_exit(int status)
{
	exit_point(status);
	REAL(quick_exit)(status);
	__builtin_unreachable();
}

EXPORT void _exit(int status)
{
	exit_point(status);
	REAL(_exit)(status);
	__builtin_unreachable();
}

EXPORT void _Exit(int status)
{
	exit_point(status);
	REAL(_exit)(status);
	__builtin_unreachable();
}

EXPORT pid_t getpid(void)
{
	return thread_state.lane ? process_pid() : (pid_t)raw(SYS_getpid);
}

EXPORT pid_t getppid(void)
{
	return region ? process_parent() : (pid_t)raw(SYS_getppid);
}

EXPORT pid_t gettid(void)
{
	return thread_state.lane ? process_tid(thread_state.lane) : (pid_t)raw(SYS_gettid);
}

/* What the program was started with, not the one CPU that it is kept on. */
static int fill_affinity(size_t size, cpu_set_t *set)
{
	uint32_t length, bytes;
	const struct plan_environment *given = decide_section(PLAN_ENVIRONMENT, &length);

	if (!given || !given->affinity_bytes)
		return -1;
	bytes = given->affinity_bytes;
	if (size < bytes) {
		uint32_t i;

		for (i = (uint32_t)size; i < bytes; i++)
			if (given->affinity[i])
				return EINVAL;
		bytes = (uint32_t)size;
	}
	memset(set, 0, size);
	memcpy(set, given->affinity, bytes);
	return 0;
}

EXPORT int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	struct lane *me = thread_enter();
	int result = me ? fill_affinity(size, set) : -1;

	if (me)
		thread_leave(me);
	if (result < 0)
		return REAL(sched_getaffinity)(process_real_tid(pid), size, set);
	errno = result ? result : errno;
	return result ? -1 : 0;
}

EXPORT int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
	struct lane *me = thread_enter();
	int result = me ? fill_affinity(size, set) : -1;

	if (me)
		thread_leave(me);
	return result < 0 ? REAL(pthread_getaffinity_np)(thread, size, set) : result;
}

/* A lane stays where it is: two of them on two CPUs would only make handing over slower. */
EXPORT int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	if (thread_state.lane && (pid == 0 || process_lane(pid)))
		return 0;
	return REAL(sched_setaffinity)(process_real_pid(pid), size, set);
}

EXPORT int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set)
{
	return thread_state.lane ? 0 : REAL(pthread_setaffinity_np)(thread, size, set);
}

EXPORT int sched_getcpu(void)
{
	return thread_state.lane ? 0 : REAL(sched_getcpu)();
}

EXPORT long sysconf(int name)
{
	if (thread_state.lane && name == _SC_NPROCESSORS_ONLN && decide_run()->cpus)
		return decide_run()->cpus;
	return REAL(sysconf)(name);
}

EXPORT int get_nprocs(void)
{
	if (thread_state.lane && decide_run()->cpus)
		return (int)decide_run()->cpus;
	return REAL(get_nprocs)();
}
