/*
 * Files by path: which object an operation on a path acts on. One file is one object, whether it is
 * reached by its path or through a descriptor, and before it exists, so that looking for it and
 * creating it conflict. Its id is its path; identity goes by inode where two paths lead to one.
 *
 *	struct lane *me = files_enter(dirfd, path);
 *	if (!me) return REAL(unlink)(path);	not a point: one lane only, a path of the system
 *	files_begin(me, &operation, EVENT_FILE_REMOVE, dirfd, path, false, context);
 *	result = REAL(unlink)(path);
 *	files_end(me, &operation, result == 0);
 *
 * All but files_enter() require the turn. errno is kept.
 */
#ifndef PRELOAD_FILES_H
#define PRELOAD_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "preload/lane.h"
#include "preload/object.h"

#define FILES_PATH 8192 /* bytes of an absolute path, NUL included; longer ones are cut */

struct file_operation {
	unsigned kind; /* enum event_kind */
	int dirfd;
	const char *path;
	bool follow;         /* a symbolic link at the end */
	struct object *file; /* of the path */
	bool existed;        /* just before the operation; for kinds that change what exists */
	struct stat before;
	struct object *from; /* rename, link: of the other path */
	bool from_existed;
	struct stat from_before;
	bool exchange; /* rename: each gets the other's name */
};

/*
 * Where files may be that are the same in each run although their paths are not: the working
 * directory at the start, and `tmpdir` ($TMPDIR, may be NULL). They are named "./name" and
 * "$TMPDIR/name". From the constructor.
 */
void files_init(const char *tmpdir);

/*
 * Enters the runtime (thread_state.inside) when an operation on this path is worth a point: the
 * thread is a lane, not the only one alive, and the path is not one of the system's (/usr, ...).
 * NULL: pass the call on.
 */
struct lane *files_enter(int dirfd, const char *path);

/* The scheduling point. `follow`: the operation follows a symbolic link at the end. */
void files_begin(struct lane *me, struct file_operation *operation, unsigned kind, int dirfd,
		 const char *path, bool follow, uint32_t context);

/* The same for an operation with two paths: `path` is what comes to be, `from` what is there. */
void files_begin_two(struct lane *me, struct file_operation *operation, unsigned kind,
		     int from_dirfd, const char *from, int dirfd, const char *path,
		     uint32_t context);

/* The operation has taken place: the event, and what the names mean now. Leaves the runtime. */
void files_end(struct lane *me, struct file_operation *operation, bool done);

/*
 * While the lane is alone, when a file may go or come: an inode that is used again is another file.
 * Before the operation. Does nothing for threads that are not lanes.
 */
void files_forget(int dirfd, const char *path);

/* The same for a file that has just been created as this descriptor. */
void files_forget_descriptor(int fd);

/*
 * mkstemp(3) and its like have made `path` from `template`: its name in the trace is made of the
 * template, because libc's choice differs from run to run. Returns the object.
 */
struct object *files_temporary(struct lane *me, const char *template, const char *path,
			       uint32_t context);

/*
 * The id of a path: `prefix` and what the path is in all runs (files_init()); or `path` as it is.
 * UTF-8, other bytes as %XX; of a long path the end. Static memory.
 */
const char *files_named(const char *prefix, const char *path);
const char *files_escaped(const char *prefix, const char *path);

/* "file:/path (deleted)" of a descriptor, `type` before the path. Valid until the next call. */
const char *files_name_of(long fd, const char *type);

/* The object of a descriptor of a regular file or directory that has a name, else NULL. */
struct object *files_of_descriptor(struct lane *me, long fd, const struct stat *status,
				   uint32_t context);

#endif
