/*
 * Copies of the files that a replay writes, see tape_written.h. Paths are made absolute by their
 * text, with the working directory of the recording.
 */
#include "preload/tape_written.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "preload/compose.h"
#include "preload/decide.h"
#include "preload/raw.h"

#define PATH 8192

static char root[PATH / 2]; /* empty: nothing is kept */
static char directory[PATH / 2];

void written_init(void)
{
	uint32_t length;
	const char *given = decide_section(PLAN_WRITTEN, &length);
	size_t first = given ? strnlen(given, length) : 0;

	if (!given || first + 1 >= length)
		return;
	compose(root, sizeof root, 0, given);
	compose_bytes(directory, sizeof directory, 0, given + first + 1, length - first - 1);
}

/* `path` without "." and "..", below the root; made directories on the way. False: too long. */
static bool copy_of(const char *path, char to[PATH])
{
	const char *parts[2] = { *path == '/' ? "" : directory, path }, *part;
	size_t base = compose(to, PATH, 0, root), at = base, n;
	int i;

	for (i = 0; i < 2; i++)
		for (part = parts[i]; *part; part += n) {
			part += strspn(part, "/");
			n = strcspn(part, "/");
			if (n == 0 || (n == 1 && part[0] == '.'))
				continue;
			if (n == 2 && part[0] == '.' && part[1] == '.') {
				while (at > base && to[--at] != '/')
					;
				to[at] = '\0';
				continue;
			}
			if (at + n + 2 > PATH)
				return false;
			if (at > base)
				raw(SYS_mkdir, to, 0700);
			at = compose(to, PATH, at, "/");
			at = compose_bytes(to, PATH, at, part, n);
		}
	return at > base;
}

static bool writes(long flags)
{
	return (flags & O_ACCMODE) != O_RDONLY && !(flags & (O_PATH | O_DIRECTORY));
}

long written_open(long number, const long a[6])
{
	const char *path = (const char *)a[number == SYS_openat ? 1 : 0];
	long flags = number == SYS_creat ? O_WRONLY | O_TRUNC : number == SYS_openat ? a[2] : a[1];
	char copy[PATH];
	long fd;

	if (!*root || (number != SYS_open && number != SYS_openat && number != SYS_creat) ||
	    !writes(flags) || (*path != '/' && number == SYS_openat && (int)a[0] != AT_FDCWD) ||
	    !copy_of(path, copy))
		return -1;
	fd = raw(SYS_open, copy,
		 O_RDWR | O_CREAT | O_NOFOLLOW | (flags & (O_TRUNC | O_APPEND | O_CLOEXEC)), 0600);
	return fd < 0 ? -1 : fd;
}

static void two_names(long number, const char *from, const char *to)
{
	char first[PATH], second[PATH];

	if (copy_of(from, first) && copy_of(to, second))
		raw(number, first, second);
}

void written_name(long number, const long a[6])
{
	char copy[PATH];

	if (!*root)
		return;
	switch (number) {
	case SYS_rename:
	case SYS_link:
		two_names(number, (const char *)a[0], (const char *)a[1]);
		break;
	case SYS_renameat:
	case SYS_renameat2:
		if ((int)a[0] == AT_FDCWD && (int)a[2] == AT_FDCWD)
			two_names(SYS_rename, (const char *)a[1], (const char *)a[3]);
		break;
	case SYS_unlink:
	case SYS_rmdir:
		if (copy_of((const char *)a[0], copy))
			raw(number, copy);
		break;
	case SYS_unlinkat:
		if ((int)a[0] == AT_FDCWD && copy_of((const char *)a[1], copy))
			raw(a[2] & AT_REMOVEDIR ? SYS_rmdir : SYS_unlink, copy);
		break;
	case SYS_mkdir:
	case SYS_mkdirat:
		if ((number == SYS_mkdir || (int)a[0] == AT_FDCWD) &&
		    copy_of((const char *)a[number == SYS_mkdir ? 0 : 1], copy))
			raw(SYS_mkdir, copy, 0700);
		break;
	case SYS_truncate:
		if (copy_of((const char *)a[0], copy))
			raw(SYS_truncate, copy, a[1]);
		break;
	case SYS_chdir:
		if (*(const char *)a[0] == '/')
			compose(directory, sizeof directory, 0, (const char *)a[0]);
		break;
	}
}

bool written_moves(long number)
{
	switch (number) {
	case SYS_write:
	case SYS_writev:
	case SYS_pwrite64:
	case SYS_pwritev:
	case SYS_pwritev2:
	case SYS_lseek:
	case SYS_ftruncate:
	case SYS_fallocate:
		return true;
	default:
		return false;
	}
}
