/*
 * See the header.
 */
#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COMMAND_MAX 8192

static char dir[64];
static pid_t owner;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_all(void)
{
	if (getpid() == owner)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_dir(void)
{
	char template[] = "/tmp/frontrun-unit-XXXXXX";

	if (!dir[0]) {
		assert_non_null(mkdtemp(template));
		strcpy(dir, template);
		owner = getpid();
		atexit(remove_all);
	}
	return dir;
}

const char *scratch_path(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch_dir(), name);
	return path;
}

const char *scratch_bytes(const char *name, const void *bytes, size_t size, unsigned mode)
{
	const char *path = scratch_path(name);
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
	return path;
}

const char *scratch_text(const char *name, const char *text)
{
	return scratch_bytes(name, text, strlen(text), 0644);
}

void *scratch_read(const char *name, size_t *size)
{
	FILE *file = fopen(scratch_path(name), "re");
	struct stat st;
	char *bytes;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	assert_non_null(bytes);
	*size = fread(bytes, 1, (size_t)st.st_size, file);
	assert_int_equal(*size, st.st_size);
	fclose(file);
	return bytes;
}

static int run(const char *suffix, const char *format, va_list args, char command[COMMAND_MAX])
{
	int n = snprintf(command, COMMAND_MAX, "cd %s && { ", scratch_dir()), more;

	more = vsnprintf(command + n, (size_t)(COMMAND_MAX - n), format, args);
	assert_true(more >= 0 && n + more + (int)strlen(suffix) < COMMAND_MAX);
	strcpy(command + n + more, suffix);
	return system(command);
}

void scratch_run(const char *format, ...)
{
	char command[COMMAND_MAX];
	va_list args;
	int status;

	va_start(args, format);
	status = run("\n} >&2", format, args, command);
	va_end(args);
	if (status != 0)
		fail_msg("status 0x%x from: %s", (unsigned)status, command);
}

int scratch_try(const char *format, ...)
{
	char command[COMMAND_MAX];
	va_list args;
	int status;

	va_start(args, format);
	status = run("\n} >/dev/null 2>&1", format, args, command);
	va_end(args);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
