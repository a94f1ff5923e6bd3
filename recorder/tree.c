/*
 * See tree.h.
 */
#include "recorder/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/alloc.h"

#define OPEN_DIRECTORIES 32 /* nftw(3) */
#define REMOVE_TRIES 64

static char *below(const char *root, const char *name)
{
	char *path;

	alloc_check(asprintf(&path, "%s/%s", root, name) < 0 ? NULL : path);
	return path;
}

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

void tree_remove(const char *path)
{
	unsigned tries;

	/* Directories without permissions for us are in the way, one level after the other. */
	for (tries = 0; tries < REMOVE_TRIES; tries++) {
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

int tree_copy(const char *from, const char *to, const char *without)
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
		source = below(from, entry->d_name);
		target = below(to, entry->d_name);
		if (lstat(source, &status)) {
			rc = -errno;
		} else if (S_ISDIR(status.st_mode)) {
			rc = same_file(without, &status) ? 0 : tree_copy(source, target, without);
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

/* One entry of the base, `status` its own. */
static int restore_one(const char *from, const char *to, const struct stat *status, time_t fresh)
{
	struct stat now;
	bool there = lstat(to, &now) == 0;

	if (there && ((now.st_mode ^ status->st_mode) & S_IFMT)) {
		tree_remove(to);
		there = false;
	}
	if (S_ISDIR(status->st_mode))
		return there ? tree_restore(from, to, fresh) : tree_copy(from, to, NULL);
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
			tree_remove(name);
		free(name);
		free(other);
	}
	closedir(directory);
	return 0;
}

int tree_restore(const char *base, const char *live, time_t fresh)
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
