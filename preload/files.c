/*
 * Paths, inodes and the objects that they mean, see files.h.
 */
#include "preload/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "formats/hash.h"
#include "preload/compose.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/tape.h"
#include "preload/thread_state.h"

#define LINKS (1u << 16)       /* a power of two */
#define MOST_LINKS (LINKS / 2) /* more, and all are forgotten: they are found again by path */
#define MOST_FILES 100000      /* objects; all further files are one */
#define TEMPORARY 64
#define LABEL 1024 /* bytes of the name of an object */

/* Which file an inode is. `object` NULL: forgotten. */
static struct link {
	uint64_t inode; /* hash of device, inode and type; 0: free */
	struct object *object;
} links[LINKS];
static uint32_t links_used;
static uint32_t file_count;

/* Names that libc made, and what they are called; the oldest is given up first. */
static struct temporary {
	char path[256], shown[256];
} temporary[TEMPORARY];
static uint32_t temporary_count;

/* Before a point only: the one path that is looked at. */
static char absolute[FILES_PATH];

static uint64_t inode_of(const struct stat *status)
{
	return hash_id(status->st_dev, status->st_ino, status->st_mode & S_IFMT) | 1ull << 63;
}

static struct link *find_link(uint64_t inode)
{
	uint32_t slot = (uint32_t)(inode >> 20) & (LINKS - 1);

	while (links[slot].inode && links[slot].inode != inode)
		slot = (slot + 1) & (LINKS - 1);
	return &links[slot];
}

static void set_link(const struct stat *status, struct object *object)
{
	uint64_t inode = inode_of(status);
	struct link *link = find_link(inode);

	if (!link->inode) {
		if (links_used == MOST_LINKS) {
			memset(links, 0, sizeof links);
			links_used = 0;
			link = find_link(inode);
		}
		links_used++;
		link->inode = inode;
	}
	link->object = object;
}

static void drop_link(const struct stat *status)
{
	struct link *link = find_link(inode_of(status));

	link->object = NULL;
	object_forget((void *)inode_of(status));
}

static bool below(const char *path, const char *directory, size_t length)
{
	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '/' || path[length] == '\0');
}

static bool below_one(const char *path, const char *const *directories, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (below(path, directories[i], strlen(directories[i])))
			return true;
	return false;
}

/* Made by the kernel, with process ids in the names. */
static bool is_kernel(const char *path)
{
	static const char *const directories[] = { "/proc", "/sys", "/dev" };

	return below_one(path, directories, sizeof directories / sizeof *directories) &&
	       !below(path, "/dev/shm", strlen("/dev/shm"));
}

/* What is there does not change while a program runs, or is no file. */
static bool is_system(const char *path)
{
	static const char *const directories[] = {
		"/usr", "/lib", "/lib64", "/lib32", "/libx32", "/etc", "/bin", "/sbin",
	};

	return below_one(path, directories, sizeof directories / sizeof *directories) ||
	       is_kernel(path);
}

static size_t put(char *out, size_t at, size_t room, const char *text, size_t length)
{
	if (length > room - 1 - at)
		length = room - 1 - at;
	memcpy(out + at, text, length);
	out[at + length] = '\0';
	return at + length;
}

/* The target of /proc/self/fd/N; bytes or negative errno. */
static long path_of_descriptor(long fd, char *out, size_t room)
{
	char name[32];
	long length;

	if (fd < 0)
		return -EBADF;
	compose_number(name, sizeof name, compose(name, sizeof name, 0, "/proc/self/fd/"),
		       (uint64_t)fd);
	length = tape_ask(SYS_readlink, name, out, room - 1);
	if (length >= 0)
		out[length] = '\0';
	return length;
}

/* Appends the components of `path`; "." and ".." are taken by their names. */
static void add_components(char *out, size_t at, const char *path)
{
	size_t n;

	for (; *path; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.'))
			continue;
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (at > 0 && out[--at] != '/')
				;
			out[at] = '\0';
			continue;
		}
		at = put(out, at, FILES_PATH, "/", 1);
		at = put(out, at, FILES_PATH, path, n);
	}
	if (at == 0)
		put(out, 0, FILES_PATH, "/", 1);
}

/* False when there is no such directory. */
static bool make_absolute(int dirfd, const char *path)
{
	long length = 0;

	absolute[0] = '\0';
	if (*path != '/' && dirfd == AT_FDCWD)
		length = tape_ask(SYS_getcwd, absolute, sizeof absolute) - 1;
	else if (*path != '/')
		length = path_of_descriptor(dirfd, absolute, sizeof absolute);
	if (length < 0 || (length > 0 && absolute[0] != '/'))
		return false;
	if (length == 1) /* "/" */
		length = 0;
	add_components(absolute, (size_t)length, path);
	return true;
}

/* Bytes of the UTF-8 sequence at `text`; 0 when it is none, or a control character. */
static size_t sequence(const unsigned char *text)
{
	size_t n = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2, i;

	if (text[0] < 0x20 || text[0] == 0x7f || text[0] > 0xf4 ||
	    (text[0] >= 0x80 && text[0] < 0xc2))
		return 0;
	for (i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return n;
}

const char *files_escaped(const char *prefix, const char *path)
{
	static const char hex[] = "0123456789ABCDEF";
	static char label[LABEL];
	size_t at = put(label, 0, sizeof label, prefix, strlen(prefix)), length = strlen(path), n;
	char escaped[3];

	if (length > LABEL / 4)
		path += length - LABEL / 4;
	for (; *path; path += n ? n : 1) {
		n = sequence((const unsigned char *)path);
		escaped[0] = '%';
		escaped[1] = hex[(unsigned char)*path >> 4];
		escaped[2] = hex[(unsigned char)*path & 15];
		at = put(label, at, sizeof label, n ? path : escaped, n ? n : 3);
	}
	return label;
}

/* The name of a file below what mkdtemp or mkstemp has made. */
static const char *shown_path(const char *path)
{
	static char shown[FILES_PATH];
	const struct temporary *best = NULL;
	size_t length, most = 0, at;
	uint32_t i;

	for (i = 0; i < temporary_count && i < TEMPORARY; i++) {
		length = strlen(temporary[i].path);
		if (length > most && below(path, temporary[i].path, length)) {
			best = &temporary[i];
			most = length;
		}
	}
	if (!best)
		return path;
	at = put(shown, 0, sizeof shown, best->shown, strlen(best->shown));
	put(shown, at, sizeof shown, path + most, strlen(path + most));
	return shown;
}

static struct {
	char path[1024];
	size_t length; /* 0: there is none */
	const char *shown;
} roots[3];

static void set_root(uint32_t i, const char *path, const char *shown)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length < 2 || length >= sizeof roots[i].path)
		return; /* the root of all files says nothing */
	memcpy(roots[i].path, path, length);
	roots[i].length = length;
	roots[i].shown = shown;
}

/*
 * A search makes TMPDIR in a directory of its own (recorder/sandbox.c), with another name each
 * time.
 */
static void set_parent(void)
{
	static const char ours[] = "/frontrun-";
	char parent[sizeof roots[0].path];
	size_t length = roots[0].length, start;

	while (length > 0 && roots[0].path[length - 1] != '/')
		length--;
	if (length < 2)
		return;
	memcpy(parent, roots[0].path, --length);
	parent[length] = '\0';
	for (start = length; start > 0 && parent[start] != '/'; start--)
		;
	if (strncmp(parent + start, ours, sizeof ours - 1) == 0)
		set_root(2, parent, "$TMPDIR/..");
}

void files_init(const char *tmpdir)
{
	static char directory[1024];

	if (tmpdir && *tmpdir == '/')
		set_root(0, tmpdir, "$TMPDIR");
	set_parent();
	if (raw(SYS_getcwd, directory, sizeof directory) > 0)
		set_root(1, directory, ".");
}

/* The name of a file below one of the roots: the innermost. */
static const char *rooted(const char *path)
{
	static char shown[FILES_PATH];
	uint32_t i, best = 3;
	size_t at;

	for (i = 0; i < 3; i++)
		if (roots[i].length && (best == 3 || roots[i].length > roots[best].length) &&
		    (below(path, roots[i].path, roots[i].length) ||
		     strcmp(path, roots[i].path) == 0))
			best = i;
	if (best == 3)
		return path;
	at = put(shown, 0, sizeof shown, roots[best].shown, strlen(roots[best].shown));
	path += roots[best].length;
	put(shown, at, sizeof shown, path, strlen(path));
	return shown;
}

static struct object *object_of_path(struct lane *me, const char *path, uint32_t context)
{
	const char *name = rooted(shown_path(path));
	uint64_t key = hash_bytes(name, strlen(name)) | 1ull << 63;
	struct object *object = object_peek((void *)key, OBJECT_DESCRIPTOR);

	if (object)
		return object;
	if (file_count >= MOST_FILES)
		return object_resource(me, 1ull << 63, OBJECT_DESCRIPTOR, "file:others", context);
	file_count++;
	return object_resource(me, key, OBJECT_DESCRIPTOR, files_escaped("file:", name), context);
}

static bool look(int dirfd, const char *path, bool follow, struct stat *status)
{
	return tape_ask(SYS_newfstatat, dirfd, path, status, follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0;
}

/* What an operation acts on: the file that is there, else the name. */
static struct object *object_of_file(const struct file_operation *operation)
{
	struct object *file = operation->file;
	struct stat status;
	struct link *link;

	if (!look(operation->dirfd, operation->path, operation->follow, &status))
		return file;
	link = find_link(inode_of(&status));
	if (!link->object)
		set_link(&status, file);
	return find_link(inode_of(&status))->object;
}

struct lane *files_enter(int dirfd, const char *path)
{
	struct lane *me = thread_state.lane;

	if (!me || thread_state.inside || schedule.live <= 1 || !path || !*path)
		return NULL;
	if (!make_absolute(dirfd, path) || is_system(absolute))
		return NULL;
	return thread_enter();
}

static bool changes_names(unsigned kind)
{
	return kind == EVENT_FILE_CREATE || kind == EVENT_FILE_REMOVE || kind == EVENT_FILE_RENAME;
}

static void enter_point(struct lane *me, struct file_operation *operation, struct object *second,
			uint32_t context)
{
	struct object *object = object_of_file(operation);

	if (!second && object != operation->file)
		second = operation->file;
	sched_point(me, operation->kind, object, context, 0);
	if (second)
		sched_second(me, second);
	if (changes_names(operation->kind))
		operation->existed =
			look(operation->dirfd, operation->path, false, &operation->before);
}

void files_begin(struct lane *me, struct file_operation *operation, unsigned kind, int dirfd,
		 const char *path, bool follow, uint32_t context)
{
	int error = errno;

	memset(operation, 0, sizeof *operation);
	operation->kind = kind;
	operation->dirfd = dirfd;
	operation->path = path;
	operation->follow = follow;
	operation->file = object_of_path(me, absolute, context);
	enter_point(me, operation, NULL, context);
	errno = error;
}

void files_begin_two(struct lane *me, struct file_operation *operation, unsigned kind,
		     int from_dirfd, const char *from, int dirfd, const char *path,
		     uint32_t context)
{
	int error = errno;

	memset(operation, 0, sizeof *operation);
	operation->kind = kind;
	operation->dirfd = dirfd;
	operation->path = path;
	if (make_absolute(from_dirfd, from))
		operation->from = object_of_path(me, absolute, context);
	make_absolute(dirfd, path);
	operation->file = object_of_path(me, absolute, context);
	enter_point(me, operation, operation->from, context);
	operation->from_existed = look(from_dirfd, from, false, &operation->from_before);
	errno = error;
}

/* The last name of a file is gone: its inode may soon be another file. */
static bool is_last_name(const struct stat *status)
{
	return S_ISDIR(status->st_mode) || status->st_nlink <= 1;
}

static void names_changed(const struct file_operation *operation)
{
	struct stat now;

	switch (operation->kind) {
	case EVENT_FILE_CREATE:
		if (!operation->existed &&
		    look(operation->dirfd, operation->path, operation->follow, &now))
			set_link(&now, operation->file);
		break;
	case EVENT_FILE_REMOVE:
		if (operation->existed && is_last_name(&operation->before))
			drop_link(&operation->before);
		break;
	case EVENT_FILE_RENAME:
		if (operation->exchange)
			set_link(&operation->before, operation->from);
		else if (operation->existed && is_last_name(&operation->before))
			drop_link(&operation->before);
		if (operation->from_existed)
			set_link(&operation->from_before, operation->file);
		break;
	}
}

void files_end(struct lane *me, struct file_operation *operation, bool done)
{
	uint32_t context = me->context;
	int error = errno;

	if (done)
		names_changed(operation);
	sched_done(me, done ? 0 : -error);
	/* A rename changes two names: each is an event of its own, in one turn. */
	if (done && operation->kind == EVENT_FILE_RENAME && operation->from)
		sched_event(me, EVENT_FILE_MOVED, operation->from, context, 0);
	errno = error;
	thread_leave(me);
}

void files_forget(int dirfd, const char *path)
{
	struct lane *me = thread_state.lane;
	struct stat status;

	if (!me || thread_state.inside || !path)
		return;
	if (look(dirfd, path, false, &status) && is_last_name(&status))
		drop_link(&status);
}

void files_forget_descriptor(int fd)
{
	struct stat status;

	if (thread_state.lane && !thread_state.inside && links_used && fd >= 0 &&
	    tape_ask(SYS_fstat, fd, &status) == 0)
		drop_link(&status);
}

struct object *files_temporary(struct lane *me, const char *template, const char *path,
			       uint32_t context)
{
	static const char digits[] = "0123456789abcdef";
	struct temporary *made;
	uint32_t n = ++me->init_count[OBJECT_DESCRIPTOR], i;
	uint64_t hash = hash_id(me->id_hash, n, 0);
	struct object *object;
	struct stat status;
	const char *name;
	char mark[6] = "#";
	size_t at;

	if (!make_absolute(AT_FDCWD, template) || strlen(absolute) >= sizeof made->path)
		return NULL;
	name = shown_path(absolute);
	made = &temporary[temporary_count % TEMPORARY];
	at = put(made->shown, 0, sizeof made->shown, name, strlen(name));
	for (i = 0; i < 4; i++)
		mark[1 + i] = digits[hash >> (4 * i) & 15];
	if (me->origin != LANE_MAIN || n > 1)
		put(made->shown, at, sizeof made->shown, mark, 5);
	make_absolute(AT_FDCWD, path);
	strcpy(made->path, absolute);
	temporary_count++;
	object = object_of_path(me, absolute, context);
	if (look(AT_FDCWD, path, false, &status))
		set_link(&status, object);
	return object;
}

const char *files_named(const char *prefix, const char *path)
{
	return files_escaped(prefix,
			     make_absolute(AT_FDCWD, path) ? rooted(shown_path(absolute)) : path);
}

const char *files_name_of(long fd, const char *type)
{
	static char name[512];
	char path[LABEL];
	size_t at = put(name, 0, sizeof name, type, strlen(type));
	long length = path_of_descriptor(fd, path, sizeof path);

	if (length > 0) {
		at = put(name, at, sizeof name, ":", 1);
		put(name, at, sizeof name, path, (size_t)length);
	}
	return name;
}

struct object *files_of_descriptor(struct lane *me, long fd, const struct stat *status,
				   uint32_t context)
{
	static char path[FILES_PATH];
	struct object *object;
	struct link *link;

	if ((!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode)) || status->st_nlink == 0)
		return NULL;
	link = find_link(inode_of(status));
	if (link->object)
		return link->object;
	if (path_of_descriptor(fd, path, sizeof path) <= 0 || path[0] != '/' || is_kernel(path))
		return NULL;
	object = object_of_path(me, path, context);
	set_link(status, object);
	return object;
}
