/*
 * Files by path: looking, naming, removing, changing. None of these blocks; they are points so that
 * races on files are found (access, then open). Opening is wrap_file_open.c.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <utime.h>

#include "preload/direct.h"
#include "preload/files.h"
#include "preload/interpose.h"
#include "preload/process.h"

enum { FOLLOW = true, NO_FOLLOW = false };

/* `succeeded` is an expression in result_. */
#define FILE_POINT(kind, dirfd, path, follow, real_call, succeeded)                          \
	do {                                                                                 \
		struct lane *me_ = files_enter(dirfd, path);                                 \
		struct file_operation operation_;                                            \
		__typeof__(real_call) result_;                                               \
		if (!me_)                                                                    \
			return real_call;                                                    \
		files_begin(me_, &operation_, kind, dirfd, path, follow, CONTEXT_HERE(me_)); \
		result_ = real_call;                                                         \
		files_end(me_, &operation_, succeeded);                                      \
		return result_;                                                              \
	} while (0)

#define FILE_CALL(kind, dirfd, path, follow, real_call) \
	FILE_POINT(kind, dirfd, path, follow, real_call, result_ >= 0)

#define FILE_LOOK(dirfd, path, follow, real_call) \
	FILE_CALL(EVENT_FILE_STAT, dirfd, path, follow, real_call)

/*
 * Looking
 */

EXPORT DIR *opendir(const char *path)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	FILE_POINT(EVENT_FILE_OPEN, AT_FDCWD, path, FOLLOW, REAL(opendir)(path), result_ != NULL);
}

EXPORT int access(const char *path, int mode)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	FILE_LOOK(AT_FDCWD, path, FOLLOW, REAL(access)(path, mode));
}

EXPORT int faccessat(int dirfd, const char *path, int mode, int flags)
{
	FILE_LOOK(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW),
		  REAL(faccessat)(dirfd, path, mode, flags));
}

EXPORT int euidaccess(const char *path, int mode)
{
	FILE_LOOK(AT_FDCWD, path, FOLLOW, REAL(euidaccess)(path, mode));
}

EXPORT int eaccess(const char *path, int mode)
{
	FILE_LOOK(AT_FDCWD, path, FOLLOW, REAL(eaccess)(path, mode));
}

EXPORT int stat(const char *path, struct stat *status)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	FILE_LOOK(AT_FDCWD, path, FOLLOW,
		  DIRECT(REAL(stat)(path, status), SYS_newfstatat, AT_FDCWD, path, status, 0));
}

EXPORT int stat64(const char *path, struct stat64 *status)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	FILE_LOOK(AT_FDCWD, path, FOLLOW,
		  DIRECT(REAL(stat64)(path, status), SYS_newfstatat, AT_FDCWD, path, status, 0));
}

EXPORT int lstat(const char *path, struct stat *status)
{
	FILE_LOOK(AT_FDCWD, path, NO_FOLLOW,
		  DIRECT(REAL(lstat)(path, status), SYS_newfstatat, AT_FDCWD, path, status,
			 AT_SYMLINK_NOFOLLOW));
}

EXPORT int lstat64(const char *path, struct stat64 *status)
{
	FILE_LOOK(AT_FDCWD, path, NO_FOLLOW,
		  DIRECT(REAL(lstat64)(path, status), SYS_newfstatat, AT_FDCWD, path, status,
			 AT_SYMLINK_NOFOLLOW));
}

EXPORT int fstatat(int dirfd, const char *path, struct stat *status, int flags)
{
	FILE_LOOK(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW),
		  DIRECT(REAL(fstatat)(dirfd, path, status, flags), SYS_newfstatat, dirfd, path,
			 status, flags));
}

EXPORT int fstatat64(int dirfd, const char *path, struct stat64 *status, int flags)
{
	FILE_LOOK(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW),
		  DIRECT(REAL(fstatat64)(dirfd, path, status, flags), SYS_newfstatat, dirfd, path,
			 status, flags));
}

EXPORT int statx(int dirfd, const char *path, int flags, unsigned mask, struct statx *status)
{
	FILE_LOOK(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW),
		  REAL(statx)(dirfd, path, flags, mask, status));
}

/* For programs that were linked with a glibc before 2.33. */
int __xstat(int version, const char *path, struct stat *status);
int __xstat64(int version, const char *path, struct stat64 *status);
int __lxstat(int version, const char *path, struct stat *status);
int __lxstat64(int version, const char *path, struct stat64 *status);
int __fxstatat(int version, int dirfd, const char *path, struct stat *status, int flags);
int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *status, int flags);

EXPORT int __xstat(int version, const char *path, struct stat *status)
{
	FILE_LOOK(AT_FDCWD, path, FOLLOW, REAL(__xstat)(version, path, status));
}

EXPORT int __xstat64(int version, const char *path, struct stat64 *status)
{
	FILE_LOOK(AT_FDCWD, path, FOLLOW, REAL(__xstat64)(version, path, status));
}

EXPORT int __lxstat(int version, const char *path, struct stat *status)
{
	FILE_LOOK(AT_FDCWD, path, NO_FOLLOW, REAL(__lxstat)(version, path, status));
}

EXPORT int __lxstat64(int version, const char *path, struct stat64 *status)
{
	FILE_LOOK(AT_FDCWD, path, NO_FOLLOW, REAL(__lxstat64)(version, path, status));
}

EXPORT int __fxstatat(int version, int dirfd, const char *path, struct stat *status, int flags)
{
	FILE_LOOK(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW),
		  REAL(__fxstatat)(version, dirfd, path, status, flags));
}

EXPORT int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *status, int flags)
{
	FILE_LOOK(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW),
		  REAL(__fxstatat64)(version, dirfd, path, status, flags));
}

EXPORT ssize_t readlink(const char *path, char *target, size_t size)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	FILE_LOOK(AT_FDCWD, path, NO_FOLLOW, REAL(readlink)(path, target, size));
}

EXPORT ssize_t readlinkat(int dirfd, const char *path, char *target, size_t size)
{
	FILE_LOOK(dirfd, path, NO_FOLLOW, REAL(readlinkat)(dirfd, path, target, size));
}

/*
 * Names that come and go
 */

EXPORT int mkdir(const char *path, mode_t mode)
{
	FILE_CALL(EVENT_FILE_CREATE, AT_FDCWD, path, NO_FOLLOW, REAL(mkdir)(path, mode));
}

EXPORT int mkdirat(int dirfd, const char *path, mode_t mode)
{
	FILE_CALL(EVENT_FILE_CREATE, dirfd, path, NO_FOLLOW, REAL(mkdirat)(dirfd, path, mode));
}

EXPORT int symlink(const char *target, const char *path)
{
	FILE_CALL(EVENT_FILE_CREATE, AT_FDCWD, path, NO_FOLLOW, REAL(symlink)(target, path));
}

EXPORT int symlinkat(const char *target, int dirfd, const char *path)
{
	FILE_CALL(EVENT_FILE_CREATE, dirfd, path, NO_FOLLOW, REAL(symlinkat)(target, dirfd, path));
}

#define REMOVE(dirfd, path, real_call)                                           \
	do {                                                                     \
		if (thread_state.lane && schedule.live <= 1)                     \
			files_forget(dirfd, path);                               \
		FILE_CALL(EVENT_FILE_REMOVE, dirfd, path, NO_FOLLOW, real_call); \
	} while (0)

EXPORT int unlink(const char *path)
{
	REMOVE(AT_FDCWD, path, REAL(unlink)(path));
}

EXPORT int unlinkat(int dirfd, const char *path, int flags)
{
	REMOVE(dirfd, path, REAL(unlinkat)(dirfd, path, flags));
}

EXPORT int rmdir(const char *path)
{
	REMOVE(AT_FDCWD, path, REAL(rmdir)(path));
}

EXPORT int remove(const char *path)
{
	REMOVE(AT_FDCWD, path, REAL(remove)(path));
}

#define TWO_PATHS(kind_, from_dirfd, from, dirfd, path, flags, real_call)               \
	do {                                                                            \
		struct lane *me_ = files_enter(dirfd, path);                            \
		struct file_operation operation_;                                       \
		int result_;                                                            \
		if (!me_) {                                                             \
			if (thread_state.lane && schedule.live <= 1) {                  \
				files_forget(from_dirfd, from);                         \
				files_forget(dirfd, path);                              \
			}                                                               \
			return real_call;                                               \
		}                                                                       \
		files_begin_two(me_, &operation_, kind_, from_dirfd, from, dirfd, path, \
				CONTEXT_HERE(me_));                                     \
		operation_.exchange = (flags)&RENAME_EXCHANGE;                          \
		result_ = real_call;                                                    \
		files_end(me_, &operation_, result_ == 0);                              \
		return result_;                                                         \
	} while (0)

EXPORT int rename(const char *from, const char *path)
{
	TWO_PATHS(EVENT_FILE_RENAME, AT_FDCWD, from, AT_FDCWD, path, 0, REAL(rename)(from, path));
}

EXPORT int renameat(int from_dirfd, const char *from, int dirfd, const char *path)
{
	TWO_PATHS(EVENT_FILE_RENAME, from_dirfd, from, dirfd, path, 0,
		  REAL(renameat)(from_dirfd, from, dirfd, path));
}

EXPORT int renameat2(int from_dirfd, const char *from, int dirfd, const char *path, unsigned flags)
{
	TWO_PATHS(EVENT_FILE_RENAME, from_dirfd, from, dirfd, path, flags,
		  REAL(renameat2)(from_dirfd, from, dirfd, path, flags));
}

EXPORT int link(const char *from, const char *path)
{
	TWO_PATHS(EVENT_FILE_LINK, AT_FDCWD, from, AT_FDCWD, path, 0, REAL(link)(from, path));
}

EXPORT int linkat(int from_dirfd, const char *from, int dirfd, const char *path, int flags)
{
	TWO_PATHS(EVENT_FILE_LINK, from_dirfd, from, dirfd, path, 0,
		  REAL(linkat)(from_dirfd, from, dirfd, path, flags));
}

/*
 * Changing
 */

EXPORT int truncate(const char *path, off_t length)
{
	FILE_CALL(EVENT_FILE_CHANGE, AT_FDCWD, path, FOLLOW, REAL(truncate)(path, length));
}

EXPORT int truncate64(const char *path, off64_t length)
{
	FILE_CALL(EVENT_FILE_CHANGE, AT_FDCWD, path, FOLLOW, REAL(truncate64)(path, length));
}

EXPORT int chmod(const char *path, mode_t mode)
{
	FILE_CALL(EVENT_FILE_CHANGE, AT_FDCWD, path, FOLLOW, REAL(chmod)(path, mode));
}

EXPORT int utime(const char *path, const struct utimbuf *times)
{
	FILE_CALL(EVENT_FILE_CHANGE, AT_FDCWD, path, FOLLOW, REAL(utime)(path, times));
}

EXPORT int utimes(const char *path, const struct timeval times[2])
{
	FILE_CALL(EVENT_FILE_CHANGE, AT_FDCWD, path, FOLLOW, REAL(utimes)(path, times));
}

EXPORT int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	FILE_CALL(EVENT_FILE_CHANGE, dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW),
		  REAL(utimensat)(dirfd, path, times, flags));
}
