/*
 * See sandbox.h. Directories are put back in place (tree.h), as the target may have files of them
 * open. An empty one is looked at only by its time stamp: most programs never touch it.
 */
#include "recorder/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/tree.h"

/* A file that was changed so shortly before it was kept may change again within the same tick of
 * the clock that file systems use: its time says nothing then. */
#define FRESH_SECONDS 2

extern char **environ;

struct sandbox {
	const struct sandbox_config *config;
	char *root;
	struct place {
		char *path, *base; /* the directory, and a copy of how it was; base NULL: empty */
		struct timespec changed; /* of an empty one */
		time_t fresh;            /* files of the base that are as young as that */
	} temporary, scratch;
	char **envp;
};

static char **with_temporary(char *const *envp, const char *temporary)
{
	size_t n = 0, i;
	char **built;

	while (envp[n])
		n++;
	built = alloc_check(calloc(n + 2, sizeof(*built)));
	for (i = n = 0; envp[i]; i++)
		if (strncmp(envp[i], "TMPDIR=", 7))
			built[n++] = envp[i];
	alloc_check(asprintf(&built[n], "TMPDIR=%s", temporary) < 0 ? NULL : built[n]);
	return built;
}

/* The last entry is ours. */
static void free_environment(char **envp)
{
	size_t n = 0;

	if (!envp)
		return;
	while (envp[n])
		n++;
	free(envp[n - 1]);
	free(envp);
}

static char *below(const char *root, const char *name)
{
	char *path;

	alloc_check(asprintf(&path, "%s/%s", root, name) < 0 ? NULL : path);
	return path;
}

/* With an old time: what changes within this tick of the clock is seen, too. */
static void remember(struct place *place)
{
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct stat status;

	utimensat(AT_FDCWD, place->path, old, 0);
	if (stat(place->path, &status) == 0)
		place->changed = status.st_mtim;
}

/* What the directory is to be like from now on. */
static int keep(struct sandbox *sandbox, struct place *place, const char *name)
{
	char *base = below(sandbox->root, name);
	int rc;

	if (place->base)
		tree_remove(place->base);
	free(place->base);
	place->base = base;
	place->fresh = time(NULL) - FRESH_SECONDS;
	rc = tree_copy(place->path, base, NULL);
	return rc;
}

struct sandbox *sandbox_new(const struct sandbox_config *config, unsigned worker, struct err *err)
{
	struct sandbox *sandbox = alloc_check(calloc(1, sizeof(*sandbox)));
	const char *where = getenv("TMPDIR");
	char *const *envp = config->envp ? config->envp : environ;
	int rc;

	sandbox->config = config;
	alloc_check(asprintf(&sandbox->root, "%s/frontrun-%u-XXXXXX",
			     where && *where ? where : "/tmp", worker) < 0
			    ? NULL
			    : sandbox->root);
	if (!mkdtemp(sandbox->root)) {
		err_set(err, errno, "cannot make a temporary directory %s: %s (set TMPDIR)",
			sandbox->root, strerror(errno));
		free(sandbox->root);
		free(sandbox);
		return NULL;
	}
	sandbox->temporary.path = below(sandbox->root, "tmp");
	mkdir(sandbox->temporary.path, 0700);
	sandbox->envp = with_temporary(envp, sandbox->temporary.path);
	remember(&sandbox->temporary);
	if (!config->scratch)
		return sandbox;
	sandbox->scratch.path = below(sandbox->root, "scratch");
	rc = tree_copy(".", sandbox->scratch.path, sandbox->root);
	if (rc == 0)
		rc = keep(sandbox, &sandbox->scratch, "scratch.base");
	if (rc == 0)
		return sandbox;
	err_set(err, -rc, "cannot copy the working directory to %s: %s", sandbox->scratch.path,
		strerror(-rc));
	sandbox_free(sandbox);
	return NULL;
}

void sandbox_free(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	tree_remove(sandbox->root);
	free_environment(sandbox->envp);
	free(sandbox->root);
	free(sandbox->temporary.path);
	free(sandbox->temporary.base);
	free(sandbox->scratch.path);
	free(sandbox->scratch.base);
	free(sandbox);
}

char *const *sandbox_environment(const struct sandbox *sandbox)
{
	return sandbox->envp;
}

const char *sandbox_directory(const struct sandbox *sandbox)
{
	return sandbox->scratch.path;
}

static int shell(const struct sandbox *sandbox, const char *command, char *const *envp, int *status,
		 struct err *err)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, NULL, NULL };
	posix_spawn_file_actions_t actions;
	int rc, how;
	pid_t pid;

	argv[2] = alloc_check(strdup(command));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (sandbox->scratch.path)
		posix_spawn_file_actions_addchdir_np(&actions, sandbox->scratch.path);
	rc = posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	free(argv[2]);
	if (rc)
		return err_set(err, rc, "cannot run /bin/sh: %s", strerror(rc));
	while (waitpid(pid, &how, 0) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "cannot wait for /bin/sh: %s", strerror(errno));
	*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return 0;
}

/* As it was marked, or empty. */
static int restore(struct place *place)
{
	struct stat status;
	int rc;

	if (!place->base && stat(place->path, &status) == 0 &&
	    status.st_mtim.tv_sec == place->changed.tv_sec &&
	    status.st_mtim.tv_nsec == place->changed.tv_nsec)
		return 0;
	mkdir(place->path, 0700);
	rc = tree_restore(place->base, place->path, place->fresh);
	if (!place->base)
		remember(place);
	return rc;
}

static bool is_empty(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool empty = true;

	while (directory && empty && (entry = readdir(directory)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	if (directory)
		closedir(directory);
	return empty;
}

int sandbox_mark(struct sandbox *sandbox, struct err *err)
{
	int rc = 0;

	if (is_empty(sandbox->temporary.path))
		remember(&sandbox->temporary);
	else
		rc = keep(sandbox, &sandbox->temporary, "tmp.base");
	if (rc == 0 && sandbox->scratch.path)
		rc = keep(sandbox, &sandbox->scratch, "scratch.base");
	return rc ? err_set(err, -rc, "cannot copy %s: %s", sandbox->root, strerror(-rc)) : 0;
}

int sandbox_prepare(struct sandbox *sandbox, struct err *err)
{
	int rc = restore(&sandbox->temporary), code = 0;

	if (rc == 0 && sandbox->scratch.path)
		rc = restore(&sandbox->scratch);
	if (rc)
		return err_set(err, -rc, "cannot put %s back as it was: %s", sandbox->root,
			       strerror(-rc));
	if (!sandbox->config->reset)
		return 0;
	rc = shell(sandbox, sandbox->config->reset, sandbox->envp, &code, err);
	if (rc)
		return rc;
	return code ? err_set(err, EINVAL, "the command of --reset ended with status %d", code) : 0;
}

int sandbox_check(struct sandbox *sandbox, int output, int errors, int *status, struct err *err)
{
	size_t n = 0, i;
	char **envp;
	int rc;

	*status = 0;
	if (!sandbox->config->check)
		return 0;
	while (sandbox->envp[n])
		n++;
	envp = alloc_check(calloc(n + 3, sizeof(*envp)));
	for (i = 0; i < n; i++)
		envp[i] = sandbox->envp[i];
	alloc_check(asprintf(&envp[n], "FRONTRUN_STDOUT=/proc/%d/fd/%d", (int)getpid(), output) < 0
			    ? NULL
			    : envp[n]);
	alloc_check(
		asprintf(&envp[n + 1], "FRONTRUN_STDERR=/proc/%d/fd/%d", (int)getpid(), errors) < 0
			? NULL
			: envp[n + 1]);
	rc = shell(sandbox, sandbox->config->check, envp, status, err);
	free(envp[n]);
	free(envp[n + 1]);
	free(envp);
	return rc;
}
