/*
 * libFuzzer target: the trace reader on any file. Not a test of what it says about a file, only
 * that it comes back from each of its functions without an error of memory, and that reading goes
 * on at the same line after a rewind.
 *
 * The first byte of an input chooses what the file is; a fuzzer would not get past the checksums of
 * zstd by itself.
 *	bit 0	clear: the rest is the file, as it is
 *		set: the rest is lines, which are packed into zstd frames, cut at each 0xff
 *	bit 1	(with bit 0) leave out the checksums
 *	bit 2	(with bit 0) append a seek table that fits the frames
 *	bit 3..	the filter that is set half way
 */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zstd.h>

#include "formats/trace_reader.h"

enum {
	FILE_BYTES = 4 << 20,
	FRAMES_MAX = 256,
	LINES_FIRST = 64, /* lines read before the filter is set */
	SEEKS = 8,
	TABLE_MAGIC = 0x184d2a5e,
	FOOTER_MAGIC = 0x8f92eab1u,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t file[FILE_BYTES];

static size_t put32(size_t at, uint64_t value)
{
	uint32_t word = (uint32_t)value;

	memcpy(file + at, &word, sizeof(word));
	return at + sizeof(word);
}

/* The seek table of the zstd "seekable format": sizes of the frames, compressed and not. */
static size_t put_table(size_t at, const size_t (*sizes)[2], size_t n)
{
	at = put32(at, TABLE_MAGIC);
	at = put32(at, n * 8 + 9);
	for (size_t i = 0; i < n; i++) {
		at = put32(at, sizes[i][0]);
		at = put32(at, sizes[i][1]);
	}
	at = put32(at, n);
	file[at++] = 0;
	return put32(at, FOOTER_MAGIC);
}

/* Packs lines as a recorder would; returns the length of the file. */
static size_t pack_lines(uint8_t how, const uint8_t *lines, size_t size)
{
	static ZSTD_CCtx *zstd;
	size_t sizes[FRAMES_MAX][2], n = 0, at = 0, from = 0, to, packed;

	if (!zstd)
		zstd = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, !(how & 2));
	while (from < size && n < FRAMES_MAX) {
		for (to = from; to < size && lines[to] != 0xff; to++)
			;
		packed = ZSTD_compress2(zstd, file + at, sizeof(file) / 2 - at, lines + from,
					to - from);
		if (ZSTD_isError(packed))
			break;
		at += packed;
		sizes[n][0] = packed;
		sizes[n++][1] = to - from;
		from = to + 1;
	}
	return how & 4 ? put_table(at, (const size_t(*)[2])sizes, n) : at;
}

static void read_everything(const char *path, unsigned filter)
{
	struct trace_line line;
	struct err err = { 0, "" };
	struct trace_reader *r = trace_reader_open(path, &err);
	enum trace_line_type first;
	int64_t events, decisions;
	int rc, i;

	if (!r) {
		assert(err.code != 0 && err.text[0]);
		return;
	}
	assert(trace_reader_header(r));
	rc = trace_reader_next(r, &line, &err);
	first = line.type;
	for (i = 0; rc > 0 && i < LINES_FIRST; i++)
		rc = trace_reader_next(r, &line, &err);
	trace_reader_filter(r, filter);
	while (rc > 0)
		rc = trace_reader_next(r, &line, &err);
	/* The end of a file is where it was. */
	if (rc < 0)
		assert(trace_reader_next(r, &line, &err) == rc);

	events = trace_reader_total_events(r, &err);
	decisions = trace_reader_total_decisions(r, &err);
	trace_reader_filter(r, TRACE_LINES_ALL);
	for (i = 0; i < SEEKS && i < events; i++)
		if (trace_reader_seek_event(r, (uint64_t)(events - 1) * i / SEEKS, &err) == 0)
			trace_reader_next(r, &line, &err);
	for (i = 0; i < SEEKS && i < decisions; i++)
		if (trace_reader_seek_decision(r, (uint64_t)(decisions - 1) * i / SEEKS, &err) == 0)
			trace_reader_next(r, &line, &err);
	trace_reader_outcome(r, &err);
	trace_reader_check(r, &err);

	trace_reader_rewind(r);
	assert(trace_reader_next(r, &line, &err) > 0 && line.type == first);
	trace_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	size_t length;

	if (size == 0)
		return 0;
	if (fd < 0) {
		fd = memfd_create("trace", MFD_CLOEXEC);
		assert(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (data[0] & 1) {
		length = pack_lines(data[0], data + 1, size - 1);
	} else {
		length = size - 1;
		memcpy(file, data + 1, length);
	}
	if (ftruncate(fd, 0) || pwrite(fd, file, length, 0) != (ssize_t)length)
		abort();
	read_everything(path, data[0] >> 3);
	return 0;
}
