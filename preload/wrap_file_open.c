/*
 * Files by path: opening and creating, by open, fopen, mkstemp and their like. Points, as in
 * wrap_file.c; reading and writing is wrap_io.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "preload/files.h"
#include "preload/interpose.h"
#include "preload/process.h"
#include "preload/random.h"
#include "preload/tape.h"

static unsigned kind_of_flags(int flags)
{
	return flags & (O_CREAT | O_TRUNC) ? EVENT_FILE_CREATE
	       : flags & O_PATH            ? EVENT_FILE_STAT
					   : EVENT_FILE_OPEN;
}

static bool follows(int flags)
{
	return !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
}

/* A lane that is alone makes no event, but a new file is a new one. */
static int opened_alone(int fd, int flags)
{
	if (flags & O_CREAT)
		files_forget_descriptor(fd);
	return fd;
}

/* The mode is there only where it is looked at; to pass it on otherwise as well does no harm. */
#define MODE_AFTER(flags_)                     \
	({                                     \
		va_list list_;                 \
		mode_t mode_;                  \
		va_start(list_, flags_);       \
		mode_ = va_arg(list_, mode_t); \
		va_end(list_);                 \
		mode_;                         \
	})

#define OPEN(dirfd, path, flags, real_call)                                                      \
	do {                                                                                     \
		struct lane *me_ = files_enter(dirfd, path);                                     \
		struct file_operation operation_;                                                \
		int fd_;                                                                         \
		if (!me_)                                                                        \
			return opened_alone(real_call, flags);                                   \
		files_begin(me_, &operation_, kind_of_flags(flags), dirfd, path, follows(flags), \
			    CONTEXT_HERE(me_));                                                  \
		fd_ = real_call;                                                                 \
		files_end(me_, &operation_, fd_ >= 0);                                           \
		return fd_;                                                                      \
	} while (0)

EXPORT int open(const char *path, int flags, ...)
{
	mode_t mode = MODE_AFTER(flags);
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	OPEN(AT_FDCWD, path, flags, REAL(open)(path, flags, mode));
}

EXPORT int open64(const char *path, int flags, ...)
{
	mode_t mode = MODE_AFTER(flags);
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	OPEN(AT_FDCWD, path, flags, REAL(open64)(path, flags, mode));
}

EXPORT int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = MODE_AFTER(flags);
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	OPEN(dirfd, path, flags, REAL(openat)(dirfd, path, flags, mode));
}

EXPORT int openat64(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = MODE_AFTER(flags);
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	OPEN(dirfd, path, flags, REAL(openat64)(dirfd, path, flags, mode));
}

EXPORT int creat(const char *path, mode_t mode)
{
	OPEN(AT_FDCWD, path, O_CREAT | O_TRUNC, REAL(creat)(path, mode));
}

EXPORT int creat64(const char *path, mode_t mode)
{
	OPEN(AT_FDCWD, path, O_CREAT | O_TRUNC, REAL(creat64)(path, mode));
}

/* What _FORTIFY_SOURCE makes of calls without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	OPEN(AT_FDCWD, path, flags, REAL(__open_2)(path, flags));
}

EXPORT int __open64_2(const char *path, int flags)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	OPEN(AT_FDCWD, path, flags, REAL(__open64_2)(path, flags));
}

EXPORT int __openat_2(int dirfd, const char *path, int flags)
{
	OPEN(dirfd, path, flags, REAL(__openat_2)(dirfd, path, flags));
}

EXPORT int __openat64_2(int dirfd, const char *path, int flags)
{
	OPEN(dirfd, path, flags, REAL(__openat64_2)(dirfd, path, flags));
}

/* open(2)'s flags for a mode of fopen; -1: one with more in it than fdopen can do. */
static int flags_of_mode(const char *mode)
{
	int flags = *mode == 'r' ? 0 : *mode == 'w' ? O_CREAT | O_TRUNC : O_CREAT | O_APPEND;
	bool both = false;

	if (*mode != 'r' && *mode != 'w' && *mode != 'a')
		return -1;
	flags |= *mode == 'r' ? O_RDONLY : O_WRONLY;
	while (*++mode)
		switch (*mode) {
		case '+':
			both = true;
			break;
		case 'b':
			break;
		case 'e':
			flags |= O_CLOEXEC;
			break;
		case 'x':
			flags |= O_EXCL;
			break;
		default:
			return -1;
		}
	return both ? (flags & ~O_ACCMODE) | O_RDWR : flags;
}

/* A lane that is alone makes no event. */
static FILE *stream_alone(FILE *stream)
{
	if (stream)
		files_forget_descriptor(fileno(stream));
	return stream;
}

/*
 * The file is opened here, and the stream made afterwards, out of the runtime: stdio has locks of
 * its own, which another lane may hold.
 */
static FILE *open_stream(struct lane *me, const char *path, const char *mode, int flags,
			 uint32_t context)
{
	struct file_operation operation;
	FILE *stream;
	long fd;

	files_begin(me, &operation, kind_of_flags(flags), AT_FDCWD, path, follows(flags), context);
	fd = tape(SYS_openat, AT_FDCWD, path, flags, 0666);
	if (fd < 0)
		errno = (int)-fd;
	files_end(me, &operation, fd >= 0);
	if (fd < 0)
		return NULL;
	stream = REAL(fdopen)((int)fd, mode);
	if (!stream)
		tape(SYS_close, fd);
	return stream;
}

/* Of unusual modes, and where the stream is there already, the event comes before. */
static void announce_stream(struct lane *me, const char *path, const char *mode, uint32_t context)
{
	struct file_operation operation;
	bool reads = mode && *mode == 'r';

	files_begin(me, &operation, reads ? EVENT_FILE_OPEN : EVENT_FILE_CREATE, AT_FDCWD, path,
		    true, context);
	files_end(me, &operation, true);
}

#define OPEN_STREAM(path, mode, real_call)                                              \
	do {                                                                            \
		struct lane *me_ = mode ? files_enter(AT_FDCWD, path) : NULL;           \
		int flags_;                                                             \
		if (!me_)                                                               \
			return stream_alone(real_call);                                 \
		flags_ = flags_of_mode(mode);                                           \
		if (flags_ >= 0)                                                        \
			return open_stream(me_, path, mode, flags_, CONTEXT_HERE(me_)); \
		announce_stream(me_, path, mode, CONTEXT_HERE(me_));                    \
		return stream_alone(real_call);                                         \
	} while (0)

EXPORT FILE *fopen(const char *path, const char *mode)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	OPEN_STREAM(path, mode, REAL(fopen)(path, mode));
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	char space[PROCESS_PATH];

	path = process_real_path(path, space);
	OPEN_STREAM(path, mode, REAL(fopen64)(path, mode));
}

/* So that it can be called from here; nobody sees the difference. */
EXPORT FILE *fdopen(int fd, const char *mode)
{
	return REAL(fdopen)(fd, mode);
}

#define REOPEN(path, mode, real_call)                                         \
	do {                                                                  \
		struct lane *me_ = mode ? files_enter(AT_FDCWD, path) : NULL; \
		if (me_)                                                      \
			announce_stream(me_, path, mode, CONTEXT_HERE(me_));  \
		return stream_alone(real_call);                               \
	} while (0)

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	REOPEN(path, mode, REAL(freopen)(path, mode, stream));
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	REOPEN(path, mode, REAL(freopen64)(path, mode, stream));
}

/*
 * mkstemp and its like choose the name: there is nothing to conflict with before. libc makes it of
 * the time and an address, which differs from run to run, so it is made here.
 */
#define LETTERS 6
#define ATTEMPTS 10000

/* Calls `make` with names until one is new. Its result, or -1 with errno. */
static int with_new_name(struct lane *me, char *template, int suffix,
			 long (*make)(const char *path, int flags), int flags)
{
	static const char alphabet[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t length = strlen(template);
	uint64_t random;
	long result = -EEXIST;
	char *letters;
	int i, k;

	if (suffix < 0 || length < (size_t)suffix + LETTERS ||
	    strncmp(template + length - (size_t)suffix - LETTERS, "XXXXXX", LETTERS) != 0) {
		errno = EINVAL;
		return -1;
	}
	letters = template + length - (size_t)suffix - LETTERS;
	for (i = 0; i < ATTEMPTS && result == -EEXIST; i++) {
		random = random_draw(me);
		for (k = 0; k < LETTERS; k++, random /= sizeof alphabet - 1)
			letters[k] = alphabet[random % (sizeof alphabet - 1)];
		result = make(template, flags);
	}
	if (result >= 0)
		return (int)result;
	errno = (int)-result;
	return -1;
}

static long make_file(const char *path, int flags)
{
	return tape(SYS_openat, AT_FDCWD, path, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL,
		    0600);
}

static long make_directory(const char *path, int flags)
{
	(void)flags;
	return tape(SYS_mkdir, path, 0700);
}

#define NEW_FILE(template, suffix, flags) with_new_name(me_, template, suffix, make_file, flags)
#define NEW_DIRECTORY(template) \
	(with_new_name(me_, template, 0, make_directory, 0) < 0 ? NULL : template)

/* `other_call` is what a thread that is no lane does. */
#define TEMPORARY(template, other_call, real_call, failure)                                    \
	do {                                                                                   \
		struct lane *me_ = thread_enter();                                             \
		__typeof__(real_call) result_;                                                 \
		char given_[PATH_MAX];                                                         \
		uint32_t context_;                                                             \
		bool alone_ = schedule.live <= 1;                                              \
		if (!me_)                                                                      \
			return other_call;                                                     \
		if (strlen(template) >= sizeof given_) {                                       \
			thread_leave(me_);                                                     \
			return other_call;                                                     \
		}                                                                              \
		strcpy(given_, template);                                                      \
		context_ = CONTEXT_HERE(me_);                                                  \
		if (!alone_)                                                                   \
			sched_point(me_, EVENT_FILE_CREATE, NULL, context_, 0);                \
		result_ = real_call;                                                           \
		made_temporary(me_, alone_, result_ != (failure), given_, template, context_); \
		return result_;                                                                \
	} while (0)

static void made_temporary(struct lane *me, bool alone, bool made, const char *given,
			   const char *template, uint32_t context)
{
	struct object *object = NULL;
	int error = errno;

	if (made)
		object = files_temporary(me, given, template, context);
	if (!alone) {
		me->object = object;
		sched_done(me, made ? 0 : -error);
	}
	errno = error;
	thread_leave(me);
}

EXPORT int mkstemp(char *template)
{
	TEMPORARY(template, REAL(mkstemp)(template), NEW_FILE(template, 0, 0), -1);
}

EXPORT int mkstemp64(char *template)
{
	TEMPORARY(template, REAL(mkstemp64)(template), NEW_FILE(template, 0, 0), -1);
}

EXPORT int mkostemp(char *template, int flags)
{
	TEMPORARY(template, REAL(mkostemp)(template, flags), NEW_FILE(template, 0, flags), -1);
}

EXPORT int mkostemp64(char *template, int flags)
{
	TEMPORARY(template, REAL(mkostemp64)(template, flags), NEW_FILE(template, 0, flags), -1);
}

EXPORT int mkstemps(char *template, int suffix)
{
	TEMPORARY(template, REAL(mkstemps)(template, suffix), NEW_FILE(template, suffix, 0), -1);
}

EXPORT int mkstemps64(char *template, int suffix)
{
	TEMPORARY(template, REAL(mkstemps64)(template, suffix), NEW_FILE(template, suffix, 0), -1);
}

EXPORT int mkostemps(char *template, int suffix, int flags)
{
	TEMPORARY(template, REAL(mkostemps)(template, suffix, flags),
		  NEW_FILE(template, suffix, flags), -1);
}

EXPORT int mkostemps64(char *template, int suffix, int flags)
{
	TEMPORARY(template, REAL(mkostemps64)(template, suffix, flags),
		  NEW_FILE(template, suffix, flags), -1);
}

EXPORT char *mkdtemp(char *template)
{
	TEMPORARY(template, REAL(mkdtemp)(template), NEW_DIRECTORY(template), NULL);
}
