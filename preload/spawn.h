/*
 * Making a child by posix_spawn(3), for the interposers that do (wrap_fork.c, wrap_shell.c). In
 * wrap_fork.c.
 */
#ifndef PRELOAD_SPAWN_H
#define PRELOAD_SPAWN_H

#include <spawn.h>
#include <stdint.h>

#include "preload/lane.h"

typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *,
			   const posix_spawnattr_t *, char *const[], char *const[]);

/*
 * Calls `function`, posix_spawn or posix_spawnp, with the runtime in the child's environment where
 * its output is recorded; in a replay from the tape there is no child but its number. 0 or an
 * error.
 */
int spawn_child(spawn_function *function, pid_t *pid, const char *path,
		const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
		char *const argv[], char *const envp[]);

/*
 * After process_unpin() and the child, which got the CPUs that the program was started with: the
 * event. Leaves the runtime; returns `result`.
 */
int spawn_done(struct lane *me, uint32_t context, int result);

#endif
