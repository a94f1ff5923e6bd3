/*
 * Files into a trace and out of it: contents and modes come back, nothing is left behind, and no
 * hostile line writes outside of the scratch directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/trace_reader.h"
#include "recorder/alloc.h"
#include "recorder/pack.h"
#include "replayer/unpack.h"
#include "tests/unit/scratch.h"
#include "tests/unit/trace_files.h"

static void paths(void **state)
{
	static const char *const good[] = { "/a", "/usr/lib/x.so.1", "/..a/b..", "/a/...", "/a b" };
	static const char *const bad[] = {
		"",       "a",  "../../x", "/..", "/../x", "/a/../x", "/a/..",
		"/a/./x", "/.", "/a//x",   "/a/", "/",     "//x",
	};
	char longer[5000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(unpack_check_path(good[i], strlen(good[i]), NULL), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = { 0 };

		assert_int_equal(unpack_check_path(bad[i], strlen(bad[i]), &err), -UNPACK_ERR_PATH);
		assert_true(err.text[0]);
	}
	assert_int_equal(unpack_check_path("/a\0b", 4, NULL), -UNPACK_ERR_PATH);
	memset(longer, 'x', sizeof(longer));
	longer[0] = '/';
	assert_int_equal(unpack_check_path(longer, sizeof(longer), NULL), -UNPACK_ERR_PATH);
}

/* A file of `size` bytes in the scratch directory; its path is absolute. */
static const char *make(const char *name, size_t size, unsigned mode)
{
	uint8_t *bytes = alloc_check(malloc(size + 1));
	const char *path;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 31 >> 3);
	path = scratch_bytes(name, bytes, size, mode);
	free(bytes);
	return path;
}

static struct unpack *pack_and_unpack(const char *const *files, unsigned count, const char *trace)
{
	cJSON *header = cJSON_Parse("{\"pack\":{}}");
	struct trace_writer *writer = trace_writer_open(trace, 1, NULL);
	struct pack *pack = pack_new();
	struct unpack *unpack;
	struct err err = { 0 };
	unsigned i;

	assert_non_null(writer);
	trace_writer_header(writer, header);
	for (i = 0; i < count; i++)
		pack_add(pack, files[i], strlen(files[i]));
	assert_int_equal(pack_write(pack, writer), 0);
	trace_writer_outcome(writer, "exit", NULL);
	assert_int_equal(trace_writer_close(writer, NULL), 0);
	pack_free(pack);
	assert_true(unpack_is_packed(header));
	unpack = unpack_new(trace, header, &err);
	if (!unpack)
		print_message("# %s\n", err.text);
	assert_non_null(unpack);
	cJSON_Delete(header);
	return unpack;
}

static void round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, PACK_PIECE, PACK_PIECE + 1, 1000000 };
	const char *files[6], *there;
	struct unpack *unpack;
	char names[5][16], kept[8192];
	struct stat before, after;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu.so", i);
		files[i] = alloc_check(strdup(make(names[i], sizes[i], i % 2 ? 0755 : 0640)));
	}
	files[5] = "relative";
	unpack = pack_and_unpack(files, 6, trace_files_path("pack.zst"));
	for (i = 0; i < 5; i++) {
		there = unpack_path(unpack, files[i], strlen(files[i]));
		assert_non_null(there);
		assert_int_equal(stat(files[i], &before), 0);
		assert_int_equal(stat(there, &after), 0);
		assert_int_equal(after.st_size, before.st_size);
		assert_int_equal(after.st_mode & 0111, before.st_mode & 0111);
		scratch_run("cmp '%s' '%s'", files[i], there);
	}
	assert_null(unpack_path(unpack, "/etc/passwd", 11));
	assert_null(unpack_path(unpack, "../../../../etc/passwd", 22));
	assert_null(unpack_program(unpack));
	/* All libraries are in one directory, which is named once. */
	there = unpack_path(unpack, files[0], strlen(files[0]));
	snprintf(kept, sizeof(kept), "%.*s", (int)(strrchr(there, '/') - there), there);
	assert_string_equal(unpack_libraries(unpack), kept);
	unpack_free(unpack);
	assert_int_equal(access(kept, F_OK), -1);
	for (i = 0; i < 5; i++)
		free((void *)files[i]);
}

/* What is no file that can be read leaves a note, and the trace is good. */
static void missing(void **state)
{
	const char *files[] = { "/nonexistent/x", "/tmp", "/lib/libfrontrun.so" };
	const char *path = trace_files_path("missing.zst");
	struct trace_reader *reader;
	struct trace_line line;
	unsigned notes = 0;

	(void)state;
	unpack_free(pack_and_unpack(files, 3, path));
	reader = trace_reader_open(path, NULL);
	while (trace_reader_next(reader, &line, NULL) > 0) {
		notes += line.type == TRACE_LINE_NOTE;
		assert_int_not_equal(line.type, TRACE_LINE_OTHER);
	}
	assert_int_equal(notes, 2);
	trace_reader_close(reader);
}

#define EMPTY "\"mode\":420,\"size\":0,\"hash\":\"2d06800538d394c2\",\"bytes\":{\"b64\":\"\"}}\n"

static void hostile(void **state)
{
	static const struct {
		const char *lines, *says;
	} rows[] = {
		{ "{\"file\":\"../../x\",\"at\":0," EMPTY, "\"../../x\"" },
		{ "{\"file\":\"/a/../../../../tmp/x\",\"at\":0," EMPTY, "outside" },
		{ "{\"file\":\"/a/./x\",\"at\":0," EMPTY, "outside" },
		{ "{\"file\":{\"b64\":\"L2EAYg==\"},\"at\":0," EMPTY, "no file can have" },
		{ "{\"file\":7,\"at\":0," EMPTY, "no file can have" },
		{ "{\"file\":\"/a\",\"at\":1," EMPTY, "not in order" },
		{ "{\"file\":\"/a\",\"at\":-1," EMPTY, "not in order" },
		{ "{\"file\":\"/a\"," EMPTY, "not in order" },
		{ "{\"file\":\"/a\",\"at\":0," EMPTY "{\"file\":\"/a\",\"at\":0," EMPTY, "exists" },
		{ "{\"file\":\"/a\",\"at\":0," EMPTY "{\"file\":\"/a/b\",\"at\":0," EMPTY,
		  "directory" },
		{ "{\"file\":\"/a\",\"at\":0," EMPTY
		  "{\"file\":\"/b\",\"at\":0,\"bytes\":{\"b64\":\"\"}}\n",
		  "no size" },
		{ "{\"file\":\"/a\",\"at\":0,\"mode\":420,\"size\":-1,\"hash\":"
		  "\"2d06800538d394c2\",\"bytes\":{\"b64\":\"\"}}\n",
		  "no size" },
		{ "{\"file\":\"/a\",\"at\":0,\"mode\":420,\"size\":9007199254740992,\"hash\":"
		  "\"2d06800538d394c2\",\"bytes\":{\"b64\":\"\"}}\n",
		  "more room" },
		{ "{\"file\":\"/a\",\"at\":0,\"mode\":420,\"size\":1,\"hash\":"
		  "\"2d06800538d394c2\",\"bytes\":{\"b64\":\"AAAA\"}}\n",
		  "not in order" },
		{ "{\"file\":\"/a\",\"at\":0,\"mode\":420,\"size\":4,\"hash\":"
		  "\"2d06800538d394c2\",\"bytes\":{\"b64\":\"AAAA\"}}\n",
		  "not whole" },
		{ "{\"file\":\"/a\",\"at\":0,\"mode\":420,\"size\":3,\"hash\":"
		  "\"2d06800538d394c2\",\"bytes\":{\"b64\":\"AAAA\"}}\n",
		  "other contents" },
		{ "{\"file\":\"/a\",\"at\":0,\"mode\":420,\"size\":3,\"hash\":"
		  "\"2d06800538d394c2\",\"bytes\":\"AAAA\"}\n",
		  "not in order" },
		{ "{\"file\":\"/a\",\"at\":0,\"mode\":420,\"size\":3,\"hash\":"
		  "\"2d06800538d394c2\",\"bytes\":5}\n",
		  "without bytes" },
	};
	const char *path = trace_files_path("hostile.zst");
	const cJSON *header;
	cJSON *packed = cJSON_Parse("{\"pack\":{\"program\":\"/a\",\"linker\":\"../../ld\"}}");
	size_t i;

	(void)state;
	header = packed;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *frames[] = {
			"{\"frontrun\":\"header\",\"format\":[1,0],\"requires\":[]}\n",
			rows[i].lines, "{\"outcome\":\"exit\",\"events\":0,\"decisions\":0}\n", NULL
		};
		struct err err = { 0 };

		trace_files_frames(path, frames, false);
		assert_null(unpack_new(path, header, &err));
		print_message("# %s\n", err.text);
		assert_non_null(strstr(err.text, rows[i].says));
	}
	/* A program that is no ELF file, without and with a linker to be named in it. */
	for (i = 0; i < 2; i++) {
		const char *frames[] = {
			"{\"frontrun\":\"header\",\"format\":[1,0],\"requires\":[]}\n",
			"{\"file\":\"/a\",\"at\":0," EMPTY "{\"file\":\"/ld\",\"at\":0," EMPTY,
			"{\"outcome\":\"exit\",\"events\":0,\"decisions\":0}\n", NULL
		};
		struct unpack *unpack;

		if (i)
			cJSON_ReplaceItemInObject(packed->child, "linker",
						  cJSON_CreateString("/ld"));
		trace_files_frames(path, frames, false);
		unpack = unpack_new(path, header, NULL);
		assert_non_null(unpack);
		assert_non_null(unpack_program(unpack));
		unpack_free(unpack);
	}
	cJSON_Delete(packed);
}

static void scripts(void **state)
{
	cJSON *one = cJSON_Parse("{\"path\":\"/usr/bin/x\",\"scripts\":[{\"interpreter\":"
				 "\"/bin/sh\",\"argument\":\"-e\"}]}");
	cJSON *env = cJSON_Parse("{\"scripts\":[{\"interpreter\":\"/usr/bin/env\"}]}");
	char *by_path[] = { "./x", "1", NULL }, *by_name[] = { "x", NULL };
	char **words = unpack_script(one, by_path);
	unsigned i;

	(void)state;
	assert_string_equal(words[0], "/bin/sh");
	assert_string_equal(words[1], "-e");
	assert_string_equal(words[2], "./x");
	assert_string_equal(words[3], "1");
	assert_null(words[4]);
	for (i = 0; i < 4; i++)
		free(words[i]);
	free(words);
	words = unpack_script(one, by_name);
	assert_string_equal(words[2], "/usr/bin/x");
	for (i = 0; i < 3; i++)
		free(words[i]);
	free(words);
	assert_null(unpack_script(env, by_path));
	cJSON_Delete(one);
	cJSON_Delete(env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),   cmocka_unit_test(round_trip), cmocka_unit_test(missing),
		cmocka_unit_test(hostile), cmocka_unit_test(scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
