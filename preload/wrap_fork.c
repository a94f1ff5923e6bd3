/*
 * Children: fork, vfork (as fork, which POSIX allows), posix_spawn, system, popen. The child leaves
 * the scheduler at once (process.c); waiting for it is an operation of the I/O engine.
 */
#include <errno.h>
#include <stddef.h>

#include "preload/interpose.h"
#include "preload/io.h"
#include "preload/process.h"
#include "preload/raw.h"

/* `real_fork` runs the program's atfork handlers, which are ordinary operations of the lane. */
static pid_t fork_by(struct lane *me, pid_t (*real_fork)(void), uint32_t context)
{
	sched_point(me, EVENT_FORK, NULL, context, 0);
	sched_done(me, 0);
	thread_leave(me);
	return real_fork(); /* in the child become_uncontrolled() has run */
}

EXPORT pid_t fork(void)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(fork)());
	return fork_by(me, REAL(fork), context);
}

EXPORT pid_t vfork(void)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(fork)());
	return fork_by(me, REAL(fork), context);
}

/* A call that makes a child by other means; it gets the CPUs that the program was started with. */
static int spawned(struct lane *me, uint32_t context, int result)
{
	process_pin();
	sched_event(me, EVENT_SPAWN, NULL, context, result);
	thread_leave(me);
	return result;
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(posix_spawn)(pid, path, actions, attributes, argv, envp));
	sched_point(me, EVENT_SPAWN, NULL, context, 0);
	process_unpin();
	return spawned(me, context, REAL(posix_spawn)(pid, path, actions, attributes, argv, envp));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context,
			REAL(posix_spawnp)(pid, file, actions, attributes, argv, envp));
	sched_point(me, EVENT_SPAWN, NULL, context, 0);
	process_unpin();
	return spawned(me, context, REAL(posix_spawnp)(pid, file, actions, attributes, argv, envp));
}

EXPORT FILE *popen(const char *command, const char *mode)
{
	struct lane *me;
	uint32_t context;
	FILE *stream;

	INTERPOSE_ENTER(me, context, REAL(popen)(command, mode));
	sched_point(me, EVENT_SPAWN, NULL, context, 0);
	process_unpin();
	stream = REAL(popen)(command, mode);
	spawned(me, context, stream ? 0 : -errno);
	return stream;
}

/*
 * Its waiting comes through the trap layer; meanwhile other lanes run, each on the one CPU of its
 * thread.
 */
EXPORT int system(const char *command)
{
	struct lane *me;
	uint32_t context;
	int result;

	INTERPOSE_ENTER(me, context, REAL(system)(command));
	sched_point(me, EVENT_SPAWN, NULL, context, 0);
	sched_done(me, 0);
	process_unpin();
	thread_state.inside = 0;
	result = REAL(system)(command);
	process_pin();
	return result;
}

/* The kernel's result as libc's: errno and -1. */
static pid_t waited(struct lane *me, long result)
{
	thread_leave(me);
	if (me->cancelled)
		REAL(pthread_testcancel)();
	if (result >= 0)
		return (pid_t)result;
	errno = (int)-result;
	return -1;
}

EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	long a[6] = { pid, (long)status, options, (long)usage, 0, 0 };
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(wait4)(pid, status, options, usage));
	return waited(me, io_call(me, SYS_wait4, a, context));
}

EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
	long a[6] = { pid, (long)status, options, 0, 0, 0 };
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(waitpid)(pid, status, options));
	return waited(me, io_call(me, SYS_wait4, a, context));
}

EXPORT pid_t wait3(int *status, int options, struct rusage *usage)
{
	long a[6] = { -1, (long)status, options, (long)usage, 0, 0 };
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(wait3)(status, options, usage));
	return waited(me, io_call(me, SYS_wait4, a, context));
}

EXPORT pid_t wait(int *status)
{
	long a[6] = { -1, (long)status, 0, 0, 0, 0 };
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(wait)(status));
	return waited(me, io_call(me, SYS_wait4, a, context));
}

EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	long a[6] = { (long)type, (long)id, (long)info, options, 0, 0 };
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(waitid)(type, id, info, options));
	return waited(me, io_call(me, SYS_waitid, a, context));
}
