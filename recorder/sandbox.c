/*
 * See sandbox.h. A directory is put back in place: files that did not change are left alone, those
 * that did are written again into the same inode, as the target may have them open. An empty
 * directory is looked at only by its time stamp: most programs never touch it.
 */
#include "recorder/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recorder/alloc.h"

#define OPEN_DIRECTORIES 32 /* nftw(3) */
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

static int open_up(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)ftw;
	if ((type == FTW_D || type == FTW_DNR) && (status->st_mode & 0700) != 0700)
		chmod(path, 0700);
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static void remove_tree(const char *path)
{
	unsigned tries;

	/* Directories without permissions for us are in the way, one level after the other. */
	for (tries = 0; tries < 64; tries++) {
		nftw(path, remove_one, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		if (!exists(path))
			return;
		nftw(path, open_up, OPEN_DIRECTORIES, FTW_PHYS | FTW_MOUNT);
	}
}

static int copy_file(const char *from, const char *to, const struct stat *status)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out;
	char bytes[65536];
	ssize_t n;

	if (in < 0)
		return -errno;
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status->st_mode & 0777);
	if (out < 0) {
		n = -errno;
		close(in);
		return (int)n;
	}
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)n) != n) {
			n = -1;
			break;
		}
	if (n < 0)
		n = errno ? -errno : -EIO;
	fchmod(out, status->st_mode & 07777);
	futimens(out, (struct timespec[]){ status->st_atim, status->st_mtim });
	close(in);
	close(out);
	return (int)n;
}

static bool same_file(const char *path, const struct stat *status)
{
	struct stat other;

	return path && stat(path, &other) == 0 && other.st_dev == status->st_dev &&
	       other.st_ino == status->st_ino;
}

/*
 * Files, directories and links; sockets, pipes and devices are left out, and so is the directory
 * `without` (may be NULL), which may be where the copy goes.
 */
static int copy_tree(const char *from, const char *to, const char *without)
{
	struct dirent *entry;
	struct stat status;
	DIR *directory = opendir(from);
	int rc = 0;

	if (!directory || stat(from, &status)) {
		rc = -errno;
		if (directory)
			closedir(directory);
		return rc;
	}
	if (mkdir(to, 0700) && errno != EEXIST)
		rc = -errno;
	while (rc == 0 && (entry = readdir(directory))) {
		char *source, *target, link[PATH_MAX];
		ssize_t n;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		alloc_check(asprintf(&source, "%s/%s", from, entry->d_name) < 0 ? NULL : source);
		alloc_check(asprintf(&target, "%s/%s", to, entry->d_name) < 0 ? NULL : target);
		if (lstat(source, &status)) {
			rc = -errno;
		} else if (S_ISDIR(status.st_mode)) {
			rc = same_file(without, &status) ? 0 : copy_tree(source, target, without);
		} else if (S_ISREG(status.st_mode)) {
			rc = copy_file(source, target, &status);
		} else if (S_ISLNK(status.st_mode)) {
			n = readlink(source, link, sizeof(link) - 1);
			link[n > 0 ? n : 0] = '\0';
			if (n < 0 || symlink(link, target))
				rc = -errno;
		}
		free(source);
		free(target);
	}
	closedir(directory);
	if (rc == 0 && stat(from, &status) == 0)
		chmod(to, status.st_mode & 07777);
	return rc;
}

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
		remove_tree(place->base);
	free(place->base);
	place->base = base;
	place->fresh = time(NULL) - FRESH_SECONDS;
	rc = copy_tree(place->path, base, NULL);
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
	rc = copy_tree(".", sandbox->scratch.path, sandbox->root);
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
	remove_tree(sandbox->root);
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

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The content of `from` into the file `to`, which stays the same file. */
static int write_again(const char *from, const char *to, const struct stat *status)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out, rc = 0;
	char bytes[65536];
	ssize_t n;

	out = in < 0 ? -1 : open(to, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	if (in >= 0 && out < 0 && errno == EACCES && chmod(to, 0600) == 0)
		out = open(to, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	if (out < 0)
		rc = -errno;
	while (rc == 0 && (n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(out, bytes, (size_t)n) != n)
			rc = -EIO;
	if (out >= 0) {
		fchmod(out, status->st_mode & 07777);
		futimens(out, (struct timespec[]){ status->st_atim, status->st_mtim });
		close(out);
	}
	if (in >= 0)
		close(in);
	return rc;
}

static bool same_content(const char *a, const char *b)
{
	FILE *first = fopen(a, "re"), *second = fopen(b, "re");
	bool same = first && second;
	int byte = 0;

	while (same && byte != EOF) {
		byte = getc_unlocked(first);
		same = byte == getc_unlocked(second);
	}
	if (first)
		fclose(first);
	if (second)
		fclose(second);
	return same;
}

/* Is the file as it was, as far as can be told? */
static bool unchanged(const char *from, const char *to, const struct stat *status,
		      const struct stat *now, time_t fresh)
{
	return now->st_size == status->st_size && now->st_mode == status->st_mode &&
	       same_time(&now->st_mtim, &status->st_mtim) &&
	       (status->st_mtim.tv_sec < fresh || same_content(from, to));
}

/* Makes `to` a link like `from`, which is one. */
static int link_again(const char *from, const char *to)
{
	char wanted[PATH_MAX], got[PATH_MAX];
	ssize_t n = readlink(from, wanted, sizeof(wanted) - 1), m;

	if (n < 0)
		return -errno;
	wanted[n] = '\0';
	m = readlink(to, got, sizeof(got) - 1);
	if (m == n && !memcmp(wanted, got, (size_t)n))
		return 0;
	if (m >= 0)
		unlink(to);
	return symlink(wanted, to) ? -errno : 0;
}

static int restore_tree(const char *base, const char *live, time_t fresh);

/* One entry of the base, `status` its own. */
static int restore_one(const char *from, const char *to, const struct stat *status, time_t fresh)
{
	struct stat now;
	bool there = lstat(to, &now) == 0;

	if (there && ((now.st_mode ^ status->st_mode) & S_IFMT)) {
		remove_tree(to);
		there = false;
	}
	if (S_ISDIR(status->st_mode))
		return there ? restore_tree(from, to, fresh) : copy_tree(from, to, NULL);
	if (S_ISLNK(status->st_mode))
		return link_again(from, to);
	if (!there)
		return copy_file(from, to, status);
	return unchanged(from, to, status, &now, fresh) ? 0 : write_again(from, to, status);
}

/* Removes from `live` what `base` does not have; base NULL: everything. */
static int prune(const char *base, const char *live)
{
	struct dirent *entry;
	struct stat status;
	DIR *directory;

	/* It gets its own permissions at the end. */
	if (faccessat(AT_FDCWD, live, R_OK | W_OK | X_OK, AT_EACCESS))
		chmod(live, 0700);
	directory = opendir(live);
	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		char *name, *other;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		name = below(live, entry->d_name);
		other = base ? below(base, entry->d_name) : NULL;
		if ((!other || lstat(other, &status)) && unlink(name))
			remove_tree(name);
		free(name);
		free(other);
	}
	closedir(directory);
	return 0;
}

static int restore_tree(const char *base, const char *live, time_t fresh)
{
	struct dirent *entry;
	struct stat status;
	DIR *directory;
	int rc = prune(base, live);

	if (rc || !base)
		return rc;
	directory = opendir(base);
	if (!directory)
		return -errno;
	while (rc == 0 && (entry = readdir(directory))) {
		char *from, *to;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		from = below(base, entry->d_name);
		to = below(live, entry->d_name);
		rc = lstat(from, &status) ? -errno : restore_one(from, to, &status, fresh);
		free(from);
		free(to);
	}
	closedir(directory);
	if (rc == 0 && stat(base, &status) == 0)
		chmod(live, status.st_mode & 07777);
	return rc;
}

/* As it was marked, or empty. */
static int restore(struct place *place)
{
	struct stat status;
	int rc;

	if (!place->base && stat(place->path, &status) == 0 &&
	    same_time(&status.st_mtim, &place->changed))
		return 0;
	mkdir(place->path, 0700);
	rc = restore_tree(place->base, place->path, place->fresh);
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
