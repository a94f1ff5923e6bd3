/*
 * popen and system. libc makes their child where no interposer sees it; with a tape they are done
 * here, of posix_spawn, pipe and waitpid, as popen(3) and system(3) say.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "preload/interpose.h"
#include "preload/process.h"
#include "preload/spawn.h"
#include "preload/tape.h"

#define MOST_STREAMS 1024
#define NOT_FOUND (127 << 8) /* as if the shell had ended with that status */

extern char **environ;

/* Streams of popen_on_tape(). */
static struct {
	FILE *stream; /* NULL: free */
	pid_t child;
} opened[MOST_STREAMS];

static int find(const FILE *stream)
{
	int i;

	for (i = 0; i < MOST_STREAMS && opened[i].stream != stream; i++)
		;
	return i;
}

static int spawn_shell(pid_t *child, const char *command, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes)
{
	static char name[] = "sh", option[] = "-c";
	char *const argv[] = { name, option, (char *)(uintptr_t)command, NULL };

	return spawn_child(REAL(posix_spawn), child, "/bin/sh", actions, attributes, argv, environ);
}

static FILE *open_child(const char *command, const char *mode, const int fds[2], pid_t *child)
{
	bool reads = *mode == 'r';
	int theirs = fds[reads ? 1 : 0], ours = fds[reads ? 0 : 1], error;
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, theirs, reads ? 1 : 0);
	error = spawn_shell(child, command, &actions, NULL);
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
	int fds[2], i = find(NULL);
	long result;

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
	spawn_done(me, context, stream ? 0 : -errno);
	return stream;
}

static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Of a stream of popen it waits for the child, as pclose(3) does: in libc the two are one. */
static int close_stream(FILE *stream, int (*real_close)(FILE *))
{
	int i = thread_state.lane && stream ? find(stream) : MOST_STREAMS;
	pid_t child;

	if (i == MOST_STREAMS)
		return real_close(stream);
	child = opened[i].child;
	opened[i].stream = NULL;
	REAL(fclose)(stream);
	return wait_for(child);
}

EXPORT int pclose(FILE *stream)
{
	return close_stream(stream, REAL(pclose));
}

EXPORT int fclose(FILE *stream)
{
	return close_stream(stream, REAL(fclose));
}

/* What system(3) does to signals while it waits, and the child must not inherit. */
struct signals {
	struct sigaction interrupt, quit;
	sigset_t mask;
};

static void set_signals(struct signals *before, posix_spawnattr_t *attributes)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t child_ended, defaults;

	REAL(sigaction)(SIGINT, &ignore, &before->interrupt);
	REAL(sigaction)(SIGQUIT, &ignore, &before->quit);
	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	REAL(sigprocmask)(SIG_BLOCK, &child_ended, &before->mask);
	sigemptyset(&defaults);
	if (before->interrupt.sa_handler != SIG_IGN)
		sigaddset(&defaults, SIGINT);
	if (before->quit.sa_handler != SIG_IGN)
		sigaddset(&defaults, SIGQUIT);
	posix_spawnattr_init(attributes);
	posix_spawnattr_setsigdefault(attributes, &defaults);
	posix_spawnattr_setsigmask(attributes, &before->mask);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static void restore_signals(const struct signals *before)
{
	REAL(sigaction)(SIGINT, &before->interrupt, NULL);
	REAL(sigaction)(SIGQUIT, &before->quit, NULL);
	REAL(sigprocmask)(SIG_SETMASK, &before->mask, NULL);
}

/* Leaves the runtime: waiting for the shell is an operation of its own. */
static int system_on_tape(const char *command)
{
	posix_spawnattr_t attributes;
	struct signals before;
	int status, error;
	pid_t child;

	set_signals(&before, &attributes);
	error = spawn_shell(&child, command, NULL, &attributes);
	posix_spawnattr_destroy(&attributes);
	process_pin();
	thread_state.inside = 0;
	status = !error ? wait_for(child) : error == ENOMEM || error == EAGAIN ? -1 : NOT_FOUND;
	restore_signals(&before);
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
	/* Is there a shell? libc tries one. */
	if (tape_mode != TAPE_OFF)
		return command ? system_on_tape(command) : system_on_tape("exit 0") == 0;
	thread_state.inside = 0;
	result = REAL(system)(command);
	process_pin();
	return result;
}
