/*
 * Where the runs of one worker take place: a temporary directory that is empty at the start of each
 * run, and, if wanted, a copy of the working directory that is as it was; and the commands that the
 * user wants to be run before and after each.
 *
 *	sandbox = sandbox_new(&config, worker, &err);
 *	target.envp = sandbox_environment(sandbox);
 *	target.directory = sandbox_directory(sandbox);
 *	before each run:	rc = sandbox_prepare(sandbox, &err);
 *	after each run:		rc = sandbox_check(sandbox, output, errors, &status, &err);
 *	sandbox_free(sandbox);		removes the directories
 *
 * Symbolic links in the directories are copied and removed as such, never followed.
 */
#ifndef RECORDER_SANDBOX_H
#define RECORDER_SANDBOX_H

#include <stdbool.h>

#include "formats/err.h"

struct sandbox_config {
	bool scratch;      /* copy the working directory */
	const char *reset; /* shell command before each run, NULL: none */
	const char *check; /* after each run */
	char *const *envp; /* of the target; NULL: of this process */
};

struct sandbox;

/* `config` must outlive the sandbox. NULL with `err` set. */
struct sandbox *sandbox_new(const struct sandbox_config *config, unsigned worker, struct err *err);
void sandbox_free(struct sandbox *sandbox);

/* With TMPDIR set. Owned by the sandbox. */
char *const *sandbox_environment(const struct sandbox *sandbox);
/* The copy of the working directory; NULL: there is none. */
const char *sandbox_directory(const struct sandbox *sandbox);

/*
 * What the directories hold now is what each run is to begin with: at the fork point. 0, or -code
 * with `err`.
 */
int sandbox_mark(struct sandbox *sandbox, struct err *err);

/*
 * Puts the directories back as they were marked (else: empty, and the copy), and runs the reset
 * command. 0, or -code with `err`.
 */
int sandbox_prepare(struct sandbox *sandbox, struct err *err);

/*
 * Runs the check, which finds what the run wrote in the files that FRONTRUN_STDOUT and
 * FRONTRUN_STDERR name. `*status`: its exit status, 128 + signal; 0 where there is no check.
 */
int sandbox_check(struct sandbox *sandbox, int output, int errors, int *status, struct err *err);

#endif
