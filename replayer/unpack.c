/*
 * Files of a trace into a scratch directory: see the header. The directory is made by us and nobody
 * else writes there, so a path without ".." cannot leave it.
 */
#include "replayer/unpack.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/trace_parse.h"
#include "formats/trace_reader.h"
#include "recorder/alloc.h"
#include "recorder/elf.h"
#include "recorder/fields.h"
#include "recorder/tree.h"

#define BYTES_MAX (4ull << 30)
#define FILES_MAX 65536u
#define ROOT "/r"    /* the files, below their paths */
#define LINKER "/ld" /* short: the name is written over the one in the program */

struct unpack {
	char directory[PATH_MAX];
	char root[PATH_MAX + sizeof(ROOT)];
	char path[2 * PATH_MAX];
	char program[2 * PATH_MAX]; /* "": none */
	char *libraries;
	/* the file that is being written */
	char *name; /* of the recording; NULL: none */
	int fd;
	uint64_t at, size, hash;
	uint64_t bytes, files; /* so far */
};

bool unpack_is_packed(const cJSON *header)
{
	return fields_object(header, "pack") != NULL;
}

int unpack_check_path(const char *path, size_t length, struct err *err)
{
	size_t i, start;

	if (!length || length >= PATH_MAX || memchr(path, '\0', length))
		return err_set(err, UNPACK_ERR_PATH,
			       "a file packed in the trace has a path that no file can have");
	if (*path != '/')
		return err_set(err, UNPACK_ERR_PATH,
			       "the path \"%.*s\" of a file packed in the trace is not absolute",
			       (int)length, path);
	for (start = 1, i = 1; i <= length; i++) {
		if (i < length && path[i] != '/')
			continue;
		if (i == start || (i - start == 1 && path[start] == '.') ||
		    (i - start == 2 && path[start] == '.' && path[start + 1] == '.'))
			return err_set(err, UNPACK_ERR_PATH,
				       "the path \"%.*s\" of a file packed in the trace leads "
				       "outside of the scratch directory",
				       (int)length, path);
		start = i + 1;
	}
	return 0;
}

/* Where a file of the recording goes. The path is checked. */
static void place(struct unpack *unpack, const char *path, size_t length)
{
	snprintf(unpack->path, sizeof(unpack->path), "%s" ROOT "%.*s", unpack->directory,
		 (int)length, path);
}

const char *unpack_path(struct unpack *unpack, const char *path, size_t length)
{
	if (unpack_check_path(path, length, NULL))
		return NULL;
	place(unpack, path, length);
	return access(unpack->path, F_OK) ? NULL : unpack->path;
}

const char *unpack_root(const struct unpack *unpack)
{
	return unpack->root;
}

const char *unpack_program(const struct unpack *unpack)
{
	return *unpack->program ? unpack->program : NULL;
}

const char *unpack_libraries(const struct unpack *unpack)
{
	return unpack->libraries;
}

static int content(struct err *err, const char *name, const char *what)
{
	return err_set(err, UNPACK_ERR_CONTENT, "the file %s packed in the trace %s", name, what);
}

static int failed(struct unpack *unpack, const char *what, struct err *err)
{
	return err_set(err, errno, "cannot %s %s: %s", what, unpack->path, strerror(errno));
}

/* All directories of unpack->path. */
static int make_directories(struct unpack *unpack, struct err *err)
{
	char *slash = unpack->path + strlen(unpack->directory);

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(unpack->path, 0700) && errno != EEXIST)
			return failed(unpack, "make", err);
		*slash = '/';
	}
	return 0;
}

/* A library's directory, once. */
static void add_library(struct unpack *unpack)
{
	const char *slash = strrchr(unpack->path, '/');
	size_t length = (size_t)(slash - unpack->path), used = strlen(unpack->libraries);
	const char *at = unpack->libraries;

	if (!strstr(slash, ".so"))
		return;
	while ((at = strstr(at, unpack->directory))) {
		if (!strncmp(at, unpack->path, length) && (at[length] == ':' || !at[length]))
			return;
		at++;
	}
	unpack->libraries = alloc_check(realloc(unpack->libraries, used + length + 2));
	sprintf(unpack->libraries + used, "%s%.*s", used ? ":" : "", (int)length, unpack->path);
}

static int end_file(struct unpack *unpack, struct err *err)
{
	uint64_t hash = 0;
	int rc = 0;

	if (!unpack->name)
		return 0;
	if (unpack->at != unpack->size)
		rc = content(err, unpack->name, "is not whole");
	if (close(unpack->fd) && !rc)
		rc = failed(unpack, "write", err);
	unpack->fd = -1;
	place(unpack, unpack->name, strlen(unpack->name));
	if (!rc)
		rc = elf_hash_file(unpack->path, &hash, err);
	if (!rc && hash != unpack->hash)
		rc = content(err, unpack->name, "has other contents than it says");
	if (!rc)
		add_library(unpack);
	free(unpack->name);
	unpack->name = NULL;
	return rc;
}

static int begin_file(struct unpack *unpack, const cJSON *line, const char *name, size_t length,
		      struct err *err)
{
	int64_t mode = fields_int(line, "mode", -1), size = fields_int(line, "size", -1);
	int rc = end_file(unpack, err);

	if (!rc)
		rc = unpack_check_path(name, length, err);
	if (rc)
		return rc;
	if (mode < 0 || size < 0 || !fields_hash(line, "hash", &unpack->hash))
		return content(err, name, "has no size, mode or hash");
	if ((uint64_t)size > BYTES_MAX - unpack->bytes || ++unpack->files > FILES_MAX)
		return content(err, name, "would take more room than a trace may");
	unpack->bytes += (uint64_t)size;
	place(unpack, name, length);
	rc = make_directories(unpack, err);
	if (rc)
		return rc;
	unpack->fd = open(unpack->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  (mode_t)((mode & 0555) | 0600));
	if (unpack->fd < 0)
		return failed(unpack, "make", err);
	unpack->name = alloc_check(strdup(name));
	unpack->size = (uint64_t)size;
	unpack->at = 0;
	return 0;
}

/* One line: the beginning of a file, or the next piece of it. */
static int take_piece(struct unpack *unpack, const cJSON *line, const char *name, size_t length,
		      const void *bytes, size_t size, struct err *err)
{
	int rc = 0;

	if (fields_int(line, "at", -1) == 0)
		rc = begin_file(unpack, line, name, length, err);
	if (rc)
		return rc;
	if (!unpack->name || strcmp(unpack->name, name) ||
	    fields_int(line, "at", -1) != (int64_t)unpack->at || size > unpack->size - unpack->at)
		return content(err, name, "is not in order");
	while (size) {
		ssize_t n = write(unpack->fd, bytes, size);

		if (n < 0)
			return failed(unpack, "write", err);
		bytes = (const char *)bytes + n;
		size -= (size_t)n;
		unpack->at += (uint64_t)n;
	}
	return 0;
}

static int take_line(struct unpack *unpack, const cJSON *line, struct err *err)
{
	size_t length, size = 0;
	char *name, *bytes;
	int rc;

	if (!line->child->string || strcmp(line->child->string, "file"))
		return 0;
	name = fields_bytes(line, "file", &length);
	bytes = fields_bytes(line, "bytes", &size);
	if (!name || strlen(name) != length)
		rc = unpack_check_path("", 0, err);
	else if (!bytes)
		rc = content(err, name, "has a piece without bytes");
	else
		rc = take_piece(unpack, line, name, length, bytes, size, err);
	free(name);
	free(bytes);
	return rc;
}

static int read_files(struct unpack *unpack, const char *trace_path, struct err *err)
{
	struct trace_reader *reader = trace_reader_open(trace_path, err);
	struct trace_line line;
	int rc;

	if (!reader)
		return -err->code;
	trace_reader_filter(reader, TRACE_LINE_BIT(TRACE_LINE_OTHER));
	while ((rc = trace_reader_next(reader, &line, err)) > 0) {
		rc = take_line(unpack, line.json, err);
		if (rc)
			break;
	}
	if (!rc)
		rc = end_file(unpack, err);
	trace_reader_close(reader);
	return rc;
}

/* The place of the linker's name in the program; 0: there is none, or no room for ours. */
static off_t linker_place(int fd, size_t needed, size_t *room)
{
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	unsigned i;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) || head.e_phentsize != sizeof(segment) ||
	    head.e_phoff > BYTES_MAX)
		return 0;
	for (i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &segment, sizeof(segment),
			  (off_t)(head.e_phoff + i * sizeof(segment))) != sizeof(segment))
			return 0;
		if (segment.p_type != PT_INTERP)
			continue;
		*room = segment.p_filesz;
		return segment.p_filesz >= needed && segment.p_filesz < PATH_MAX &&
				       segment.p_offset < BYTES_MAX
			       ? (off_t)segment.p_offset
			       : 0;
	}
	return 0;
}

/*
 * The kernel takes the linker's path from the program: our copy of it names our copy of the linker.
 * Where that has no room the machine's own linker has to do.
 */
static int make_program(struct unpack *unpack, const cJSON *header, struct err *err)
{
	const cJSON *pack = fields_object(header, "pack");
	const char *program = fields_string(pack, "program", NULL), *path;
	const char *linker = fields_string(pack, "linker", "");
	char name[PATH_MAX] = { 0 };
	size_t room = 0;
	off_t at;
	int fd;

	path = program ? unpack_path(unpack, program, strlen(program)) : NULL;
	if (!path)
		return 0;
	snprintf(unpack->program, sizeof(unpack->program), "%s", path);
	path = unpack_path(unpack, linker, strlen(linker));
	if (!path || snprintf(name, sizeof(name), "%s" LINKER, unpack->directory) >= PATH_MAX)
		return 0;
	fd = open(unpack->program, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	at = fd < 0 ? 0 : linker_place(fd, strlen(name) + 1, &room);
	if (at && (link(path, name) || pwrite(fd, name, room, at) != (ssize_t)room)) {
		close(fd);
		return err_set(err, errno, "cannot prepare the packed program: %s",
			       strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

char **unpack_script(const cJSON *program, char *const *argv)
{
	const cJSON *scripts = fields_array(program, "scripts"), *script = scripts->child;
	const char *interpreter = fields_string(script, "interpreter", "");
	const char *argument = fields_string(script, "argument", NULL);
	const char *slash = strrchr(interpreter, '/');
	size_t n = 0, i;
	char **words;

	if (!script || script->next || !slash || !strcmp(slash, "/env"))
		return NULL;
	while (argv[n])
		n++;
	words = alloc_check(calloc(n + 3, sizeof(*words)));
	i = 0;
	words[i++] = alloc_check(strdup(interpreter));
	if (argument)
		words[i++] = alloc_check(strdup(argument));
	/* As it was executed: by a path of the user's, else one that was found. */
	words[i++] = alloc_check(
		strdup(strchr(argv[0], '/') ? argv[0] : fields_string(program, "path", "")));
	for (n = 1; argv[n]; n++)
		words[i++] = alloc_check(strdup(argv[n]));
	return words;
}

struct unpack *unpack_new(const char *trace_path, const cJSON *header, struct err *err)
{
	struct unpack *unpack = alloc_check(calloc(1, sizeof(*unpack)));
	const char *base = getenv("TMPDIR");
	int rc;

	unpack->fd = -1;
	unpack->libraries = alloc_check(strdup(""));
	snprintf(unpack->directory, sizeof(unpack->directory), "%s/fr-XXXXXX",
		 base && *base == '/' && strlen(base) < PATH_MAX / 2 ? base : "/tmp");
	if (!mkdtemp(unpack->directory)) {
		err_set(err, errno, "cannot make %s: %s", unpack->directory, strerror(errno));
		unpack->directory[0] = '\0';
		unpack_free(unpack);
		return NULL;
	}
	snprintf(unpack->root, sizeof(unpack->root), "%s" ROOT, unpack->directory);
	rc = read_files(unpack, trace_path, err);
	if (!rc)
		rc = make_program(unpack, header, err);
	if (!rc)
		return unpack;
	unpack_free(unpack);
	return NULL;
}

void unpack_free(struct unpack *unpack)
{
	if (!unpack)
		return;
	if (unpack->fd >= 0)
		close(unpack->fd);
	if (*unpack->directory)
		tree_remove(unpack->directory);
	free(unpack->libraries);
	free(unpack->name);
	free(unpack);
}
