/*
 * Files into a trace, see pack.h.
 */
#include "recorder/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uthash.h>

#include "recorder/alloc.h"

struct path {
	UT_hash_handle hh;
	char name[];
};

struct pack {
	struct path *paths;
};

struct pack *pack_new(void)
{
	return alloc_check(calloc(1, sizeof(struct pack)));
}

void pack_free(struct pack *pack)
{
	struct path *path, *next;

	if (!pack)
		return;
	HASH_ITER (hh, pack->paths, path, next) {
		HASH_DEL(pack->paths, path);
		free(path);
	}
	free(pack);
}

/* Whoever replays has a frontrun of his own. */
static bool is_ours(const char *path, size_t length)
{
	const char *slash = memrchr(path, '/', length);

	return !strncmp(slash + 1, "libfrontrun", strlen("libfrontrun"));
}

void pack_add(struct pack *pack, const char *name, size_t length)
{
	struct path *path;

	if (!pack || !length || length >= PATH_MAX || *name != '/' || is_ours(name, length) ||
	    memchr(name, '\0', length))
		return;
	HASH_FIND(hh, pack->paths, name, length, path);
	if (path)
		return;
	path = alloc_check(calloc(1, sizeof(*path) + length + 1));
	memcpy(path->name, name, length);
	HASH_ADD(hh, pack->paths, name, length, path);
}

void pack_header(struct pack *pack, const struct elf_info *elf, const char *path, cJSON *header)
{
	char *program = realpath(elf->elf_path ? elf->elf_path : path, NULL);
	cJSON *object;

	if (!pack)
		return;
	object = alloc_check(cJSON_AddObjectToObject(header, "pack"));
	if (program && elf->interpreter) {
		pack_add(pack, program, strlen(program));
		pack_add(pack, elf->interpreter, strlen(elf->interpreter));
		cJSON_AddStringToObject(object, "program", program);
		cJSON_AddStringToObject(object, "linker", elf->interpreter);
	}
	free(program);
}

static int by_name(const struct path *a, const struct path *b)
{
	return strcmp(a->name, b->name);
}

static cJSON *base64(const void *bytes, size_t length)
{
	cJSON *object = alloc_check(cJSON_CreateObject());
	struct json_out out;

	json_out_init(&out);
	json_bytes(&out, bytes, length);
	if (out.error)
		alloc_check(NULL);
	/* {"b64":"..."}: the string ends two bytes earlier. */
	out.data[out.len - 2] = '\0';
	cJSON_AddStringToObject(object, "b64", out.data + strlen("{\"b64\":\""));
	json_out_fini(&out);
	return object;
}

static int write_piece(struct trace_writer *writer, const char *name, uint64_t at,
		       const struct stat *status, uint64_t hash, const void *bytes, size_t length)
{
	cJSON *line = alloc_check(cJSON_CreateObject());
	char text[24];
	int rc;

	cJSON_AddStringToObject(line, "file", name);
	cJSON_AddNumberToObject(line, "at", (double)at);
	if (!at) {
		snprintf(text, sizeof(text), "%016" PRIx64, hash);
		cJSON_AddNumberToObject(line, "mode", status->st_mode & 0777);
		cJSON_AddNumberToObject(line, "size", (double)status->st_size);
		cJSON_AddStringToObject(line, "hash", text);
	}
	cJSON_AddItemToObject(line, "bytes", base64(bytes, length));
	rc = trace_writer_line(writer, line);
	cJSON_Delete(line);
	return rc;
}

/* Errors of the file are in *why, those of the writer are returned. */
static int write_file(struct trace_writer *writer, const char *name, int *why)
{
	char *bytes = alloc_check(malloc(PACK_PIECE));
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	uint64_t at = 0, hash;
	struct stat status;
	ssize_t n = 0;

	*why = fd < 0 || fstat(fd, &status) ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
	if (!*why)
		*why = -elf_hash_file(name, &hash, NULL);
	while (!*why && !rc) {
		n = pread(fd, bytes, PACK_PIECE, (off_t)at);
		if (n < 0)
			*why = errno;
		if (n < 0 || (n == 0 && at))
			break;
		rc = write_piece(writer, name, at, &status, hash, bytes, (size_t)n);
		at += (uint64_t)n;
		if (n == 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return rc;
}

int pack_write(struct pack *pack, struct trace_writer *writer)
{
	char text[PATH_MAX + 128];
	struct path *path;
	int rc = 0, why;

	if (!pack)
		return 0;
	HASH_SORT(pack->paths, by_name);
	for (path = pack->paths; path && !rc; path = path->hh.next) {
		rc = write_file(writer, path->name, &why);
		if (rc || !why)
			continue;
		snprintf(text, sizeof(text), "%s is not packed: %s", path->name, strerror(why));
		rc = trace_writer_note(writer, "pack", text);
	}
	return rc;
}
