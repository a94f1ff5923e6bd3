/*
 * Children: fork, vfork (as fork, which POSIX allows), posix_spawn; system and popen are in
 * wrap_shell.c. The child leaves the scheduler at once (process.c); waiting for it is an operation
 * of the I/O engine.
 */
#include <errno.h>
#include <stddef.h>

#include "preload/child_locks.h"
#include "preload/exec.h"
#include "preload/interpose.h"
#include "preload/io.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/spawn.h"
#include "preload/tape.h"

/*
 * `real_fork` runs the program's atfork handlers, which are ordinary operations of the lane. In a
 * replay from the tape there is a child for that only: it ends at once (process.c).
 */
static pid_t fork_by(struct lane *me, pid_t (*real_fork)(void), uint32_t context)
{
	const long a[6] = { 0 };
	long recorded;
	pid_t child;

	sched_point(me, EVENT_FORK, NULL, context, 0);
	sched_done(me, 0);
	thread_leave(me);
	child = real_fork(); /* in the child become_uncontrolled() has run */
	if (child > 0)
		child_locks_made();
	if (child == 0 || tape_mode == TAPE_OFF)
		return child;
	if (!tape_taken(SYS_fork, a, &recorded)) {
		tape_keep(SYS_fork, a, child < 0 ? -errno : child);
		return child;
	}
	if (child > 0)
		raw(SYS_wait4, child, 0, __WALL, 0);
	if (recorded >= 0)
		return (pid_t)recorded;
	errno = (int)-recorded;
	return -1;
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

int spawn_done(struct lane *me, uint32_t context, int result)
{
	process_pin();
	child_locks_made();
	sched_event(me, EVENT_SPAWN, NULL, context, result);
	thread_leave(me);
	return result;
}

int spawn_child(spawn_function *function, pid_t *pid, const char *path,
		const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
		char *const argv[], char *const envp[])
{
	char *const *environment = exec_child_environment(path, envp);
	const long a[6] = { (long)path };
	long result;
	pid_t child = 0;
	int error;

	if (!tape_taken(SYS_vfork, a, &result)) {
		enum tape_mode mode = tape_mode;

		tape_mode = TAPE_OFF; /* what libc does in it, and the child in its place */
		error = function(&child, path, actions, attributes, argv, environment);
		tape_mode = mode;
		result = error ? -error : child;
		tape_keep(SYS_vfork, a, result);
	}
	if (result >= 0 && pid)
		*pid = (pid_t)result;
	return result < 0 ? (int)-result : 0;
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context,
			REAL(posix_spawn)(pid, path, actions, attributes, argv,
					  exec_child_environment(path, envp)));
	sched_point(me, EVENT_SPAWN, NULL, context, 0);
	process_unpin();
	return spawn_done(me, context,
			  spawn_child(REAL(posix_spawn), pid, path, actions, attributes, argv,
				      envp));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context,
			REAL(posix_spawnp)(pid, file, actions, attributes, argv,
					   exec_child_environment(file, envp)));
	sched_point(me, EVENT_SPAWN, NULL, context, 0);
	process_unpin();
	return spawn_done(me, context,
			  spawn_child(REAL(posix_spawnp), pid, file, actions, attributes, argv,
				      envp));
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
