/*
 * Trace files that nobody should trust: wrong files, other versions, lying indexes, lines in the
 * wrong place, and files that expand to far more than they are.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <zstd.h>

#include "formats/trace_index.h"
#include "formats/trace_reader.h"
#include "tests/unit/trace_files.h"

#define HEADER "{\"frontrun\":\"header\",\"format\":[1,0],\"requires\":[]}\n"
#define OUTCOME "{\"outcome\":\"exit\",\"events\":2,\"decisions\":1}\n"
#define EVENT_1 "{\"e\":\"yield\",\"l\":1,\"k\":0}\n"
#define EVENT_2 "{\"e\":\"yield\",\"l\":1}\n"
#define DECISION_1 "{\"d\":\"pick\",\"l\":1,\"from\":[1,2],\"to\":1}\n"
#define BODY EVENT_1 EVENT_2 DECISION_1
#define INDEX "{\"index\":0,\"frames\":[[1,0,0,1],[3,2,1,192]]}\n"

static const char *write_frames(bool table, const char *a, const char *b, const char *c)
{
	const char *const frames[] = { a, b, c, NULL };
	const char *path = trace_files_path("hostile.zst");

	trace_files_frames(path, frames, table);
	return path;
}

/* Read all lines. Returns how it ended; counts may be NULL. */
static int read_all(struct trace_reader *r, uint64_t *counts, struct err *err)
{
	struct trace_line line;
	int rc;

	while ((rc = trace_reader_next(r, &line, err)) > 0)
		if (counts)
			counts[line.type]++;
	return rc;
}

static void refuse(const char *path, int code, const char *sentence)
{
	struct err err = { 0 };
	char want[512];

	snprintf(want, sizeof(want), "%s%s", path, sentence);
	assert_null(trace_reader_open(path, &err));
	assert_int_equal(err.code, code);
	if (sentence)
		assert_string_equal(err.text, want);
	assert_null(trace_reader_open(path, NULL));
}

static void wrong_files(void **state)
{
	const char *path = trace_files_path("wrong");
	struct err err = { 0 };

	(void)state;
	assert_null(trace_reader_open(trace_files_path("missing"), &err));
	assert_int_equal(err.code, ENOENT);
	trace_files_write(path, "", 0);
	refuse(path, TRACE_ERR_CUT, " is empty: its recording wrote nothing");
	trace_files_write(path, "#!/bin/sh\n", 10);
	refuse(path, TRACE_ERR_NOT_ZSTD, " is not a zstd file, so not a frontrun trace");
	trace_files_write(path, HEADER, strlen(HEADER));
	refuse(path, TRACE_ERR_NOT_ZSTD, " is not a zstd file, so not a frontrun trace");
	trace_files_write(path, "\x28\xb5", 2);
	refuse(path, TRACE_ERR_CUT, ": the file ends inside a frame, at byte 2");
	refuse("/", EISDIR, " is a directory");
	refuse("/dev/zero", EINVAL, " is not a regular file");
	assert_int_equal(mkfifo(trace_files_path("fifo"), 0600), 0);
	refuse(trace_files_path("fifo"), EINVAL, " is not a regular file");
}

static void wrong_headers(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *sentence;
	} cases[] = {
		{ "hello\n", TRACE_ERR_NOT_TRACE,
		  " is not a frontrun trace: it does not begin with a header" },
		{ "", TRACE_ERR_NOT_TRACE,
		  " is not a frontrun trace: it does not begin with a header" },
		{ "{\"frontrun\":\"footer\"}\n", TRACE_ERR_NOT_TRACE,
		  " is not a frontrun trace: it does not begin with a header" },
		{ EVENT_1, TRACE_ERR_NOT_TRACE,
		  " is not a frontrun trace: it does not begin with a header" },
		{ "{\"frontrun\":\"header\"}\n", TRACE_ERR_NOT_TRACE,
		  " is not a frontrun trace: its header has no format version" },
		{ "{\"frontrun\":\"header\",\"format\":[\"a\",0]}\n", TRACE_ERR_NOT_TRACE,
		  " is not a frontrun trace: its header has no format version" },
		{ "{\"frontrun\":\"header\",\"format\":[1]}\n", TRACE_ERR_NOT_TRACE,
		  " is not a frontrun trace: its header has no format version" },
		{ "{\"frontrun\":\"header\",\"format\":[]}\n", TRACE_ERR_NOT_TRACE,
		  " is not a frontrun trace: its header has no format version" },
		{ "{\"frontrun\":\"header\",\"format\":[2,3]}\n", TRACE_ERR_TOO_NEW,
		  ": format version 2.3 is newer than this frontrun reads (1.x)" },
		{ "{\"frontrun\":\"header\",\"format\":[1,0],\"requires\":[\"time\\u001b[0m\"]}\n",
		  TRACE_ERR_FEATURE,
		  ": requires feature \"time?[0m\", which this frontrun does not have" },
		{ "{\"frontrun\":\"header\",\"format\":[1,0],\"requires\":[7]}\n",
		  TRACE_ERR_FEATURE,
		  ": requires feature \"?\", which this frontrun does not have" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse(write_frames(false, cases[i].line, NULL, NULL), cases[i].code,
		       cases[i].sentence);
}

/* A later minor version: unknown keys, types and kinds do not disturb. */
static void later_minor(void **state)
{
	const char *path = write_frames(false,
					"{\"frontrun\":\"header\",\"format\":[1,7],\"requires\":[],"
					"\"new\":{}}\n",
					"  {\"weather\":\"fine\"}\n"
					"{\"e\":\"quantum\",\"l\":1,\"k\":0,\"spin\":[1,2]}"
					"\n" EVENT_2 "{\"d\":\"dice\",\"l\":1,\"to\":6,\"of\":6}\n",
					"{\"outcome\":\"exit\",\"events\":2,\"decisions\":1,"
					"\"mood\":null}\n");
	uint64_t counts[TRACE_LINE_TYPES] = { 0 };
	struct err err = { 0 };
	struct trace_reader *r = trace_reader_open(path, &err);

	(void)state;
	assert_non_null(r);
	assert_int_equal(read_all(r, counts, &err), 0);
	assert_int_equal(counts[TRACE_LINE_OTHER], 1);
	assert_int_equal(counts[TRACE_LINE_EVENT], 2);
	assert_int_equal(counts[TRACE_LINE_DECISION], 1);
	assert_int_equal(trace_reader_check(r, &err), 0);
	assert_int_equal(trace_reader_total_events(r, &err), 2);
	trace_reader_close(r);
}

static void wrong_places(void **state)
{
	static const struct {
		const char *body, *tail, *sentence;
	} cases[] = {
		{ BODY HEADER, OUTCOME, "a header in the wrong place" },
		{ BODY OUTCOME BODY, "", "it comes after the outcome" },
		{ BODY, OUTCOME OUTCOME, NULL },
		{ BODY, OUTCOME HEADER, NULL },
		{ BODY "{\"note\":", OUTCOME, NULL }, /* a line that is not whole */
		{ BODY "\n", OUTCOME, NULL },
		{ BODY "nonsense\n", OUTCOME, NULL },
		{ EVENT_2, OUTCOME, NULL }, /* no k to count from */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = write_frames(false, HEADER, cases[i].body, cases[i].tail);
		struct err err = { 0 };
		struct trace_reader *r = trace_reader_open(path, &err);

		assert_non_null(r);
		assert_int_equal(read_all(r, NULL, &err), -TRACE_ERR_CORRUPT);
		if (cases[i].sentence)
			assert_non_null(strstr(err.text, cases[i].sentence));
		assert_int_equal(read_all(r, NULL, &err), -TRACE_ERR_CORRUPT);
		trace_reader_close(r);
	}
}

/* An index that does not fit is not used; the totals are right all the same. */
static void lying_index(void **state)
{
	static const char *const tails[] = {
		OUTCOME,
		"{\"index\":0,\"frames\":[[1,0,0,1]]}\n" OUTCOME,
		"{\"index\":0,\"frames\":[[1,0,0,1],[3,2,1,192],[1,0,0,1]]}\n" OUTCOME,
		"{\"index\":0,\"frames\":[[1,0,0,1],[3,2,2,192]]}\n" OUTCOME,
		"{\"index\":0,\"frames\":[[1,0,0,1],[1e9,2,1,192]]}\n" OUTCOME,
		"{\"index\":0,\"frames\":[[1,0,0,1],[3,-2,1,192]]}\n" OUTCOME,
		"{\"index\":0,\"frames\":[[1,0,0,1],[3,2,1]]}\n" OUTCOME,
		"{\"index\":0,\"frames\":[[1,0,0,1],[3,2,\"1\",192]]}\n" OUTCOME,
		"{\"index\":0,\"frames\":[[1,0,0,1],7]}\n" OUTCOME,
		"{\"index\":1,\"frames\":[[1,0,0,1],[3,2,1,192]]}\n" OUTCOME,
		"{\"index\":0,\"frames\":{}}\n" OUTCOME,
		"{\"index\":[]}\n" OUTCOME,
		INDEX INDEX OUTCOME,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		const char *path = write_frames(true, HEADER, BODY, tails[i]);
		uint64_t counts[TRACE_LINE_TYPES] = { 0 };
		struct err err = { 0 };
		struct trace_reader *r = trace_reader_open(path, &err);

		assert_int_equal(trace_reader_total_events(r, &err), 2);
		assert_int_equal(trace_reader_total_decisions(r, &err), 1);
		assert_non_null(trace_reader_outcome(r, &err));
		assert_int_equal(read_all(r, counts, &err), 0);
		assert_int_equal(counts[TRACE_LINE_EVENT], 2);
		assert_int_equal(counts[TRACE_LINE_INDEX], 0);
		trace_reader_close(r);
	}
}

/* An index that fits the sizes and lies about the lines is found out when the lines are read. */
static void plausible_index(void **state)
{
	static const char *const rows[] = { "3,1,1,192", "3,1,2,192", "2,2,0,192", "3,2,0,192" };
	char tail[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };
		struct trace_reader *r;

		snprintf(tail, sizeof(tail), "{\"index\":0,\"frames\":[[1,0,0,1],[%s]]}\n" OUTCOME,
			 rows[i]);
		r = trace_reader_open(write_frames(true, HEADER, BODY, tail), &err);
		assert_int_equal(trace_reader_total_events(r, &err), rows[i][2] - '0');
		assert_int_equal(read_all(r, NULL, &err), -TRACE_ERR_CORRUPT);
		assert_non_null(strstr(err.text, "the index does not fit the frames"));
		trace_reader_close(r);
	}
}

/* Bytes of the seek table changed so that it does not fit: as if it were not there. */
static void wrong_seek_table(void **state)
{
	static const struct {
		int at; /* from the end */
		char byte;
	} cases[] = {
		{ -1, 0 },    /* magic */
		{ -5, 0x04 }, /* reserved bit */
		{ -5, 0x00 }, /* no checksums, so other entries */
		{ -9, 4 },    /* number of frames */
		{ -9, 2 },
		{ -6, 0x7f },   /* two thousand million frames */
		{ -9 - 36, 0 }, /* packed size of the first frame */
		{ -9 - 33, 1 },
		{ -9 - 36 - 4, 0 },    /* size of the table's frame */
		{ -9 - 36 - 8, 0x5d }, /* its magic */
	};
	size_t i, size;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = write_frames(true, HEADER, BODY, INDEX OUTCOME);
		char *data = trace_files_read(path, &size);
		struct err err = { 0 };
		struct trace_index index;
		struct trace_reader *r;
		FILE *f;

		trace_index_init(&index);
		f = fopen(path, "re");
		assert_int_equal(trace_index_read_seek_table(&index, fileno(f), size), 1);
		fclose(f);
		data[(int)size + cases[i].at] = cases[i].byte;
		trace_files_write(path, data, size);
		f = fopen(path, "re");
		assert_int_equal(trace_index_read_seek_table(&index, fileno(f), size), 0);
		fclose(f);
		assert_int_equal(index.n, 0);
		trace_index_fini(&index);
		r = trace_reader_open(path, &err);
		assert_int_equal(trace_reader_total_events(r, &err), 2);
		trace_reader_close(r);
		free(data);
	}
}

/* What other tools do to a file: packed again as one frame, or with frames of others in between. */
static void repacked(void **state)
{
	static const char skippable[] = "\x53\x2a\x4d\x18\x05\0\0\0xxxxx";
	const char *path = trace_files_path("repacked.zst");
	uint64_t counts[TRACE_LINE_TYPES] = { 0 };
	const char *one[] = { NULL, NULL };
	struct err err = { 0 };
	struct trace_reader *r;
	size_t len, size;
	char *lines, *data;

	(void)state;
	trace_files_run(path, 9000, 0);
	lines = trace_files_lines(path, &len);
	one[0] = lines;
	trace_files_frames(path, one, false);
	r = trace_reader_open(path, &err);
	assert_int_equal(trace_reader_check(r, &err), 0);
	assert_int_equal(trace_reader_seek_event(r, 8000, &err), 0);
	trace_reader_rewind(r);
	assert_int_equal(read_all(r, counts, &err), 0);
	assert_int_equal(counts[TRACE_LINE_EVENT], 9000);
	trace_reader_close(r);
	free(lines);

	data = trace_files_read(write_frames(false, HEADER BODY OUTCOME, NULL, NULL), &size);
	lines = malloc(size + 26);
	memcpy(lines, skippable, 13);
	memcpy(lines + 13, data, size);
	memcpy(lines + 13 + size, skippable, 13);
	trace_files_write(path, lines, size + 26);
	r = trace_reader_open(path, &err);
	assert_int_equal(read_all(r, NULL, &err), 0);
	assert_int_equal(trace_reader_total_events(r, &err), 2);
	trace_reader_close(r);
	trace_files_write(path, lines, size + 25);
	r = trace_reader_open(path, &err);
	assert_int_equal(read_all(r, NULL, &err), -TRACE_ERR_CUT);
	trace_reader_close(r);
	free(lines);
	free(data);
}

/* A header frame, then a frame of `count` times `unit`, with the given window. */
static const char *write_bomb(const char *unit, size_t len, size_t count, int window_log)
{
	static char block[1 << 20];
	const char *path = trace_files_path("bomb.zst");
	const char *const frames[] = { HEADER, NULL };
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	size_t i, units = sizeof(block) / len;
	FILE *f;

	trace_files_frames(path, frames, false);
	f = fopen(path, "ae");
	for (i = 0; i < units; i++)
		memcpy(block + i * len, unit, len);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_windowLog, window_log);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_strategy, ZSTD_fast);
	for (i = 0; i < count; i += units) {
		ZSTD_inBuffer in = { block, units * len, 0 };
		ZSTD_EndDirective how = i + units < count ? ZSTD_e_continue : ZSTD_e_end;
		size_t left;

		do {
			static char packed[1 << 17];
			ZSTD_outBuffer out = { packed, sizeof(packed), 0 };

			left = ZSTD_compressStream2(cctx, &out, &in, how);
			assert_false(ZSTD_isError(left));
			assert_int_equal(fwrite(packed, 1, out.pos, f), out.pos);
		} while (in.pos < in.size || (how == ZSTD_e_end && left));
	}
	ZSTD_freeCCtx(cctx);
	assert_int_equal(fclose(f), 0);
	return path;
}

static long peak_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss >> 10;
}

static void bombs(void **state)
{
	enum { LINE = 1 << 18 };
	static char line[LINE];
	uint64_t counts[TRACE_LINE_TYPES] = { 0 };
	struct err err = { 0 };
	struct trace_reader *r;
	const char *path;
	long before;

	(void)state;
	/* 2 GB of zeros are one line that never ends. */
	path = write_bomb("\0", 1, (size_t)2 << 30, 20);
	before = peak_memory();
	r = trace_reader_open(path, &err);
	assert_int_equal(read_all(r, NULL, &err), -TRACE_ERR_LIMIT);
	assert_non_null(strstr(err.text, "a line is longer than 16 MB"));
	assert_int_equal(trace_reader_total_events(r, &err), 0);
	assert_int_equal(trace_reader_check(r, &err), -TRACE_ERR_LIMIT);
	trace_reader_close(r);

	/* Empty lines are no lines. */
	path = write_bomb("\n", 1, (size_t)1 << 30, 20);
	r = trace_reader_open(path, &err);
	assert_int_equal(read_all(r, NULL, &err), -TRACE_ERR_CORRUPT);
	assert_int_equal(trace_reader_total_events(r, &err), 0);
	trace_reader_close(r);

	/* Good lines in one frame of 256 MB are read, all of them, in bounded memory. */
	memset(line, 'x', LINE);
	memcpy(line, "{\"note\":\"", 9);
	memcpy(line + LINE - 3, "\"}\n", 3);
	path = write_bomb(line, LINE, 1024, 20);
	r = trace_reader_open(path, &err);
	assert_int_equal(read_all(r, counts, &err), -TRACE_ERR_CUT);
	assert_int_equal(counts[TRACE_LINE_NOTE], 1024);
	trace_reader_close(r);
	/* ASan keeps what is freed for a while: the bound is far above what the reader holds. */
	assert_true(peak_memory() - before < 512);
}

static void window(void **state)
{
	struct err err = { 0 };
	struct trace_reader *r;

	(void)state;
	r = trace_reader_open(write_bomb(OUTCOME, strlen(OUTCOME), 1 << 20, 23), &err);
	assert_int_equal(read_all(r, NULL, &err), -TRACE_ERR_CORRUPT); /* two outcomes */
	trace_reader_close(r);
	r = trace_reader_open(write_bomb(OUTCOME, strlen(OUTCOME), 1 << 20, 24), &err);
	assert_int_equal(read_all(r, NULL, &err), -TRACE_ERR_LIMIT);
	assert_non_null(strstr(err.text, "needs a zstd window above 8 MB"));
	trace_reader_close(r);
}

/* The longest line that is allowed, and one byte more. */
static void line_length(void **state)
{
	size_t len = TRACE_LINE_MAX;
	char *text = malloc(len + 2);
	int more;

	(void)state;
	for (more = 0; more < 2; more++) {
		uint64_t counts[TRACE_LINE_TYPES] = { 0 };
		struct err err = { 0 };
		struct trace_reader *r;

		memset(text, 'x', len + 1);
		memcpy(text, "{\"note\":\"", 9);
		strcpy(text + len + (size_t)more - 3, "\"}\n");
		r = trace_reader_open(write_frames(false, HEADER, text, OUTCOME), &err);
		assert_int_equal(read_all(r, counts, &err), more ? -TRACE_ERR_LIMIT : 0);
		assert_int_equal(counts[TRACE_LINE_NOTE], !more);
		trace_reader_close(r);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_files),
		cmocka_unit_test(wrong_headers),
		cmocka_unit_test(later_minor),
		cmocka_unit_test(wrong_places),
		cmocka_unit_test(lying_index),
		cmocka_unit_test(plausible_index),
		cmocka_unit_test(wrong_seek_table),
		cmocka_unit_test(repacked),
		cmocka_unit_test(bombs),
		cmocka_unit_test(window),
		cmocka_unit_test(line_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
