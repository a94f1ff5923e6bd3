/*
 * Children: fork, vfork (as fork, which POSIX allows), posix_spawn, system, popen. The child leaves
 * the scheduler at once (process.c); waiting for it is an operation of the I/O engine.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "preload/exec.h"
#include "preload/interpose.h"
#include "preload/io.h"
#include "preload/process.h"
#include "preload/raw.h"
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

extern char **environ;

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

typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *,
			   const posix_spawnattr_t *, char *const[], char *const[]);

/* The child and its number, or what the recording says of it. Returns 0 or an error. */
static int spawn(spawn_function *function, pid_t *pid, const char *path,
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
	return spawned(me, context,
		       spawn(REAL(posix_spawn), pid, path, actions, attributes, argv, envp));
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
	return spawned(me, context,
		       spawn(REAL(posix_spawnp), pid, file, actions, attributes, argv, envp));
}

/*
 * popen and system make their child where no interposer sees it. With a tape they are done here, of
 * posix_spawn, pipe and waitpid.
 */
#define MOST_STREAMS 64

static struct {
	FILE *stream;
	pid_t child;
} opened[MOST_STREAMS];

static int spawn_shell(pid_t *child, const char *command, const posix_spawn_file_actions_t *actions)
{
	static char name[] = "sh", option[] = "-c";
	char *const argv[] = { name, option, (char *)(uintptr_t)command, NULL };

	return spawn(REAL(posix_spawn), child, "/bin/sh", actions, NULL, argv, environ);
}

static FILE *open_child(const char *command, const char *mode, int fds[2], pid_t *child)
{
	bool reads = *mode == 'r';
	int theirs = fds[reads ? 1 : 0], ours = fds[reads ? 0 : 1], error;
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, theirs, reads ? 1 : 0);
	error = spawn_shell(child, command, &actions);
	posix_spawn_file_actions_destroy(&actions);
	tape(SYS_close, theirs);
	if (error) {
		tape(SYS_close, ours);
		errno = error;
		return NULL;
	}
	if (!strchr(mode, 'e'))
		tape(SYS_fcntl, ours, F_SETFD, 0);
	return REAL(fdopen)(ours, reads ? "r" : "w");
}

static FILE *popen_on_tape(const char *command, const char *mode)
{
	int fds[2], i;
	long result;

	for (i = 0; i < MOST_STREAMS && opened[i].stream; i++)
		;
	if (i == MOST_STREAMS || (*mode != 'r' && *mode != 'w')) {
		errno = i == MOST_STREAMS ? EMFILE : EINVAL;
		return NULL;
	}
	result = tape(SYS_pipe2, fds, O_CLOEXEC);
	if (result < 0) {
		errno = (int)-result;
		return NULL;
	}
	opened[i].stream = open_child(command, mode, fds, &opened[i].child);
	return opened[i].stream;
}

EXPORT FILE *popen(const char *command, const char *mode)
{
	struct lane *me;
	uint32_t context;
	FILE *stream;

	INTERPOSE_ENTER(me, context, REAL(popen)(command, mode));
	sched_point(me, EVENT_SPAWN, NULL, context, 0);
	process_unpin();
	stream = tape_mode == TAPE_OFF ? REAL(popen)(command, mode) : popen_on_tape(command, mode);
	spawned(me, context, stream ? 0 : -errno);
	return stream;
}

/* So that it can be called from here; nobody sees the difference. */
EXPORT int fclose(FILE *stream)
{
	return REAL(fclose)(stream);
}

EXPORT int pclose(FILE *stream)
{
	int status, i;
	pid_t child;

	for (i = 0; thread_state.lane && i < MOST_STREAMS; i++)
		if (stream && opened[i].stream == stream)
			break;
	if (!thread_state.lane || i == MOST_STREAMS)
		return REAL(pclose)(stream);
	child = opened[i].child;
	opened[i].stream = NULL;
	REAL(fclose)(stream);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static int system_on_tape(const char *command)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	int status = -1, error;
	pid_t child;

	if (!command)
		return 1;
	REAL(sigaction)(SIGINT, &ignore, &interrupt);
	REAL(sigaction)(SIGQUIT, &ignore, &quit);
	error = spawn_shell(&child, command, NULL);
	process_pin();
	thread_state.inside = 0;
	if (error)
		status = error == ENOMEM || error == EAGAIN ? -1 : 127 << 8;
	while (!error && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	REAL(sigaction)(SIGINT, &interrupt, NULL);
	REAL(sigaction)(SIGQUIT, &quit, NULL);
	return status;
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
	if (tape_mode != TAPE_OFF)
		return system_on_tape(command);
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
