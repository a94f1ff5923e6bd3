/*
 * Trace files as a whole: what is written is read, by any of the ways to read; files that were cut,
 * damaged, or could not be written to the end.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <zstd.h>

#include "formats/trace_index.h"
#include "formats/trace_map.h"
#include "formats/trace_reader.h"
#include "formats/trace_writer.h"
#include "tests/unit/trace_files.h"

static struct trace_reader *open_trace(const char *path)
{
	struct err err = { 0 };
	struct trace_reader *r = trace_reader_open(path, &err);

	if (!r)
		print_message("%s\n", err.text);
	assert_non_null(r);
	return r;
}

/* What a reader gives out, checked against the run, until it ends. */
struct seen {
	uint64_t lines, events, decisions, answers, outcomes;
};

static int read_on(struct trace_reader *r, struct seen *seen, struct err *err)
{
	struct trace_line line;
	int rc;

	while ((rc = trace_reader_next(r, &line, err)) > 0) {
		seen->lines++;
		if (line.type == TRACE_LINE_EVENT) {
			struct trace_event want = trace_files_event(line.number);

			assert_int_equal(line.number, seen->events++);
			trace_files_same_event(&line.event, &want);
			assert_string_equal(event_kind_name(want.kind),
					    event_kind_name(line.event.kind));
		} else if (line.type == TRACE_LINE_DECISION) {
			struct trace_decision want = trace_files_decision(line.number);

			assert_int_equal(line.number, seen->decisions++);
			trace_files_same_decision(&line.decision, &want);
		} else if (line.type == TRACE_LINE_ANSWER) {
			seen->answers++;
		} else {
			assert_non_null(line.json);
			assert_string_equal(line.json->child->string, trace_line_key(line.type));
			seen->outcomes += line.type == TRACE_LINE_OUTCOME;
		}
	}
	return rc;
}

static void round_trip(void **state)
{
	static const uint64_t flushes[] = { 0, 1, 7, 1000 };
	const char *path = trace_files_path("round.zst");
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		uint64_t events = i == 0 ? 20000 : 5000;
		uint64_t decisions = trace_files_run(path, events, flushes[i]);
		struct trace_reader *r = open_trace(path);
		struct seen seen = { 0 };
		struct err err = { 0 };

		assert_int_equal(trace_reader_check(r, &err), 0);
		assert_int_equal(read_on(r, &seen, &err), 0);
		assert_int_equal(read_on(r, &seen, &err), 0); /* the end stays the end */
		assert_int_equal(seen.events, events);
		assert_int_equal(seen.decisions, decisions);
		assert_int_equal(seen.answers, (events + 6) / 7);
		assert_int_equal(seen.outcomes, 1);
		assert_int_equal(trace_reader_total_events(r, &err), events);
		assert_int_equal(trace_reader_total_decisions(r, &err), decisions);
		trace_reader_rewind(r);
		memset(&seen, 0, sizeof(seen));
		assert_int_equal(read_on(r, &seen, &err), 0);
		assert_int_equal(seen.events, events);
		trace_reader_close(r);
	}
}

static void header_and_outcome(void **state)
{
	const char *path = trace_files_path("ends.zst");
	struct err err = { 0 };
	struct trace_reader *r;
	const cJSON *outcome;

	(void)state;
	trace_files_run(path, 100, 0);
	r = open_trace(path);
	assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(trace_reader_header(r), "argv"),
					       1)
				    ->valuestring,
			    "x y");
	outcome = trace_reader_outcome(r, &err);
	assert_non_null(outcome);
	assert_int_equal(err.code, 0);
	assert_string_equal(cJSON_GetObjectItem(outcome, "outcome")->valuestring, "exit");
	assert_int_equal(cJSON_GetObjectItem(outcome, "events")->valueint, 100);
	assert_int_equal(cJSON_GetObjectItem(outcome, "decisions")->valueint, 34);
	assert_int_equal(cJSON_GetObjectItem(outcome, "status")->valueint, 3);
	trace_reader_close(r);
}

static void seek(void **state)
{
	static const uint64_t targets[] = { 0, 1, 4999, 2500, 2499, 17, 3333, 4998, 0 };
	const char *path = trace_files_path("seek.zst");
	struct trace_line line;
	struct trace_reader *r;
	struct err err = { 0 };
	uint64_t decisions = trace_files_run(path, 5000, 333);
	size_t i;

	(void)state;
	r = open_trace(path);
	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct trace_event want = trace_files_event(targets[i]);
		struct seen seen = { .events = targets[i] + 1,
				     .decisions = (targets[i] + 3) / 3 - (targets[i] % 3 == 0) };

		assert_int_equal(trace_reader_seek_event(r, targets[i], &err), 0);
		assert_int_equal(trace_reader_next(r, &line, &err), 1);
		assert_int_equal(line.type, TRACE_LINE_EVENT);
		assert_int_equal(line.number, targets[i]);
		trace_files_same_event(&line.event, &want);
		assert_int_equal(read_on(r, &seen, &err), 0);
		assert_int_equal(seen.events, 5000);
		assert_int_equal(seen.decisions, decisions);
	}
	for (i = 0; i < decisions; i += 111) {
		struct trace_decision want = trace_files_decision(i);

		assert_int_equal(trace_reader_seek_decision(r, i, &err), 0);
		assert_int_equal(trace_reader_next(r, &line, &err), 1);
		assert_int_equal(line.type, TRACE_LINE_DECISION);
		assert_int_equal(line.number, i);
		trace_files_same_decision(&line.decision, &want);
	}
	assert_int_equal(trace_reader_seek_event(r, 5000, &err), -ERANGE);
	assert_int_equal(trace_reader_seek_decision(r, decisions, &err), -ERANGE);
	trace_reader_close(r);
}

static void filters(void **state)
{
	static const unsigned sets[] = {
		TRACE_LINE_BIT(TRACE_LINE_EVENT),
		TRACE_LINE_BIT(TRACE_LINE_DECISION),
		TRACE_LINES_NAMES,
		TRACE_LINE_BIT(TRACE_LINE_OUTCOME),
		TRACE_LINE_BIT(TRACE_LINE_LANE) | TRACE_LINE_BIT(TRACE_LINE_DECISION),
		0,
	};
	const char *path = trace_files_path("filter.zst");
	struct trace_reader *r;
	size_t i;

	(void)state;
	trace_files_run(path, 6000, 100);
	r = open_trace(path);
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		uint64_t n[TRACE_LINE_TYPES] = { 0 };
		struct trace_line line;
		struct err err = { 0 };
		unsigned type;
		int rc;

		trace_reader_filter(r, sets[i]);
		trace_reader_rewind(r);
		while ((rc = trace_reader_next(r, &line, &err)) > 0) {
			assert_true(sets[i] & TRACE_LINE_BIT(line.type));
			n[line.type]++;
			if (line.type == TRACE_LINE_DECISION) {
				struct trace_decision want = trace_files_decision(line.number);

				trace_files_same_decision(&line.decision, &want);
			}
		}
		assert_int_equal(rc, 0);
		for (type = 0; type < TRACE_LINE_TYPES; type++) {
			uint64_t want = type == TRACE_LINE_EVENT      ? 6000
					: type == TRACE_LINE_DECISION ? 2000
					: type == TRACE_LINE_OUTCOME  ? 1
								      : TRACE_FILES_NAMES + 4;

			assert_int_equal(n[type], sets[i] & TRACE_LINE_BIT(type) ? want : 0);
		}
	}
	trace_reader_close(r);
}

/*
 * The index of the file is in use: also when it takes several lines, and frames in the middle are
 * not even looked at when they hold nothing that is wanted. One of them is damaged here.
 */
static void index_is_used(void **state)
{
	const char *path = trace_files_path("index.zst");
	uint64_t decisions = trace_files_run(path, 5000, 1);
	struct trace_reader *r;
	struct trace_line line;
	struct err err = { 0 };
	struct seen seen = { 0 };
	struct trace_map map;
	size_t size;
	char *data;
	FILE *f;

	(void)state;
	data = trace_files_read(path, &size);
	f = fopen(path, "re");
	trace_map_init(&map);
	assert_int_equal(trace_map_load(&map, fileno(f), size, &err), 0);
	fclose(f);
	assert_int_equal(map.state, TRACE_MAP_FILE);
	assert_true(map.index.n > TRACE_INDEX_ROWS_IN_LINE);
	data[map.index.rows[2500].offset + 6] ^= 1;
	trace_files_write(path, data, size);
	trace_map_fini(&map);
	free(data);

	r = open_trace(path);
	trace_reader_filter(r, TRACE_LINES_NAMES | TRACE_LINE_BIT(TRACE_LINE_OUTCOME));
	assert_int_equal(read_on(r, &seen, &err), 0);
	assert_int_equal(seen.lines, (TRACE_FILES_NAMES + 4) * 5 + 1);
	trace_reader_filter(r, TRACE_LINES_ALL);
	assert_int_equal(trace_reader_total_decisions(r, &err), decisions);
	assert_int_equal(trace_reader_seek_event(r, 4999, &err), 0);
	assert_int_equal(trace_reader_next(r, &line, &err), 1);
	assert_int_equal(line.number, 4999);
	trace_reader_rewind(r);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(read_on(r, &seen, &err), -TRACE_ERR_CORRUPT);
	assert_int_equal(seen.events, 2499);
	trace_reader_close(r);
}

/* The seek table by the letter of the zstd seekable format, and checksums by XXH64. */
static void seekable_format(void **state)
{
	const char *path = trace_files_path("format.zst");
	struct trace_index index;
	size_t size, i;
	char *data;
	FILE *f;

	(void)state;
	trace_files_run(path, 3000, 500);
	data = trace_files_read(path, &size);
	trace_index_init(&index);
	f = fopen(path, "re");
	assert_int_equal(trace_index_read_seek_table(&index, fileno(f), size), 1);
	fclose(f);
	assert_memory_equal(data + size - 4, "\xb1\xea\x92\x8f", 4);
	assert_int_equal((unsigned char)data[size - 5], 0x80);
	assert_int_equal(index.n, 9); /* header, 6 flushes, the note, the tail */
	assert_memory_equal(data + size - 9 - 12 * 9 - 8, "\x5e\x2a\x4d\x18", 4);
	for (i = 0; i < index.n; i++) {
		const struct trace_index_row *row = &index.rows[i];
		char *lines = malloc(row->unpacked);

		assert_int_equal(ZSTD_decompress(lines, row->unpacked, data + row->offset,
						 row->packed),
				 row->unpacked);
		assert_int_equal((uint32_t)XXH64(lines, row->unpacked, 0), row->checksum);
		assert_int_equal(lines[row->unpacked - 1], '\n');
		free(lines);
	}
	trace_index_fini(&index);
	free(data);
}

/* A file that was cut anywhere can be read up to there, and says that it was cut. */
static void cut_at_every_byte(void **state)
{
	const char *whole = trace_files_path("whole.zst"), *part = trace_files_path("part.zst");
	uint64_t before = 0, opened = 0, events = 60;
	size_t size, cut, table;
	struct err err = { 0 };
	char *data;

	(void)state;
	trace_files_run(whole, events, 10);
	data = trace_files_read(whole, &size);
	table = 8 + 9 * 12 + 9;
	for (cut = 0; cut < size; cut++) {
		struct seen seen = { 0 };
		struct trace_reader *r;

		trace_files_write(part, data, cut);
		r = trace_reader_open(part, &err);
		if (!r) {
			assert_false(opened);
			assert_int_equal(err.code, TRACE_ERR_CUT);
			continue;
		}
		opened++;
		if (cut >= size - table) {
			/* All lines are there. */
			assert_int_equal(trace_reader_check(r, &err),
					 cut == size - table ? 0 : -TRACE_ERR_CUT);
			assert_non_null(trace_reader_outcome(r, &err));
		} else {
			assert_int_equal(trace_reader_check(r, &err), -TRACE_ERR_CUT);
			assert_int_equal(read_on(r, &seen, &err), -TRACE_ERR_CUT);
			assert_int_equal(read_on(r, &seen, &err), -TRACE_ERR_CUT);
			assert_int_equal(err.code, TRACE_ERR_CUT);
			assert_true(seen.events >= before);
			before = seen.events;
			assert_int_equal(trace_reader_total_events(r, &err), seen.events);
			if (seen.events) {
				struct trace_line line;

				assert_int_equal(trace_reader_seek_event(r, seen.events - 1, &err),
						 0);
				assert_int_equal(trace_reader_next(r, &line, &err), 1);
				assert_int_equal(line.number, seen.events - 1);
			}
			if (!seen.outcomes)
				assert_null(trace_reader_outcome(r, &err));
		}
		trace_reader_close(r);
	}
	assert_int_equal(before, events);
	assert_true(opened > size / 2);
	free(data);
}

/* A bit of every byte of a small file turned over: never another event than those of the run. */
static void a_bit_of_every_byte(void **state)
{
	const char *whole = trace_files_path("whole.zst"), *bad = trace_files_path("bad.zst");
	size_t size, i, noticed = 0;
	char *data;

	(void)state;
	trace_files_run(whole, 40, 10);
	data = trace_files_read(whole, &size);
	for (i = 0; i < size; i++) {
		struct seen seen = { 0 };
		struct err err = { 0 };
		struct trace_reader *r;
		int rc;

		data[i] ^= (char)(1 << i % 8);
		trace_files_write(bad, data, size);
		r = trace_reader_open(bad, &err);
		rc = r ? read_on(r, &seen, &err) : -err.code;
		noticed += rc < 0;
		assert_true(rc < 0 || seen.events == 40);
		if (r) {
			assert_true(trace_reader_total_events(r, &err) <= 40);
			trace_reader_outcome(r, &err);
		}
		trace_reader_close(r);
		data[i] ^= (char)(1 << i % 8);
	}
	/* A bit of the seek table only makes the reader scan. */
	assert_true(noticed >= (size - 9 - 8 * 12 - 8) * 9 / 10);
	free(data);
}

/* What a killed recorder leaves: flushed frames and nothing else. */
static void killed(void **state)
{
	const char *path = trace_files_path("killed.zst"), *copy = trace_files_path("copy.zst");
	struct err err = { 0 };
	struct trace_writer *w = trace_writer_open(path, 0, &err);
	struct trace_reader *r;
	struct seen seen = { 0 };
	size_t size;
	char *data;
	uint64_t i;

	(void)state;
	assert_int_equal(trace_writer_header(w, NULL), 0);
	for (i = 0; i < 30; i++) {
		struct trace_event event = trace_files_event(i);

		if (i == 20)
			assert_int_equal(trace_writer_flush(w), 0);
		assert_int_equal(trace_writer_event(w, &event), 0);
	}
	data = trace_files_read(path, &size);
	trace_files_write(copy, data, size);
	free(data);
	r = open_trace(copy);
	assert_int_equal(read_on(r, &seen, &err), -TRACE_ERR_CUT);
	assert_int_equal(seen.events, 20);
	assert_non_null(strstr(err.text, "interrupted"));
	assert_int_equal(trace_reader_total_events(r, &err), 20);
	trace_reader_close(r);

	/* Closed without an outcome: the index is there, and the reader says the same. */
	assert_int_equal(trace_writer_close(w, &err), 0);
	r = open_trace(path);
	assert_int_equal(trace_reader_check(r, &err), -TRACE_ERR_CUT);
	assert_non_null(strstr(err.text, "interrupted"));
	assert_int_equal(trace_reader_total_events(r, &err), 30);
	trace_reader_close(r);
}

static void device_is_full(void **state)
{
	struct err err = { 0 };
	struct trace_writer *w = trace_writer_open("/dev/full", 0, &err);
	struct trace_event event = trace_files_event(0);

	(void)state;
	assert_non_null(w);
	assert_int_equal(trace_writer_header(w, NULL), -ENOSPC);
	assert_int_equal(trace_writer_event(w, &event), -ENOSPC);
	assert_int_equal(trace_writer_flush(w), -ENOSPC);
	assert_int_equal(trace_writer_outcome(w, "exit", NULL), -ENOSPC);
	assert_int_equal(trace_writer_close(w, &err), -ENOSPC);
	assert_int_equal(err.code, ENOSPC);
	assert_string_equal(err.text, "cannot write /dev/full: No space left on device");
}

/* A write that stops half-way, at every size of the last frame: whole frames stay. */
static void file_is_full(void **state)
{
	const char *path = trace_files_path("full.zst");
	struct rlimit old, limit;
	rlim_t room;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (room = 100; room < 1200; room += 37) {
		struct err err = { 0 };
		struct trace_writer *w;
		struct trace_reader *r;
		struct seen seen = { 0 };
		uint64_t i, written = 0;
		int rc = 0;

		limit = old;
		limit.rlim_cur = room;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		w = trace_writer_open(path, 0, &err);
		assert_int_equal(trace_writer_header(w, NULL), 0);
		for (i = 0; i < 2000 && !rc; i++) {
			struct trace_event event = trace_files_event(i);

			rc = trace_writer_event(w, &event);
			if (!rc && i % 20 == 19) {
				rc = trace_writer_flush(w);
				written = rc ? written : i + 1;
			}
		}
		assert_int_equal(rc, -EFBIG);
		assert_int_equal(trace_writer_outcome(w, "exit", NULL), -EFBIG);
		assert_int_equal(trace_writer_close(w, &err), -EFBIG);
		assert_int_equal(err.code, EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		r = open_trace(path);
		assert_int_equal(read_on(r, &seen, &err), -TRACE_ERR_CUT);
		assert_int_equal(seen.events, written);
		assert_int_equal(seen.outcomes, 0);
		assert_int_equal(trace_reader_total_events(r, &err), written);
		trace_reader_close(r);
	}
}

/* The disk is full, then somebody makes room: the trace says why it ends. */
static void room_again(void **state)
{
	const char *path = trace_files_path("again.zst");
	struct trace_event event = trace_files_event(0);
	struct err err = { 0 };
	struct trace_writer *w = trace_writer_open(path, 0, &err);
	struct rlimit old, limit;
	struct trace_reader *r;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(trace_writer_header(w, NULL), 0);
	limit = old;
	limit.rlim_cur = trace_writer_bytes(w) + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(trace_writer_event(w, &event), 0);
	assert_int_equal(trace_writer_flush(w), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(trace_writer_close(w, &err), -EFBIG);
	r = open_trace(path);
	assert_int_equal(trace_reader_check(r, &err), -TRACE_ERR_CUT);
	assert_non_null(strstr(err.text, "File too large"));
	assert_null(trace_reader_outcome(r, &err));
	trace_reader_close(r);
}

static void writer_refuses(void **state)
{
	const char *path = trace_files_path("refuse.zst");
	struct trace_event event = trace_files_event(1), wrong;
	struct trace_decision decision = trace_files_decision(1);
	struct trace_lane lane = { .number = 0, .id = "1" };
	struct err err = { 0 };
	struct trace_writer *w;
	cJSON *line;

	(void)state;
	assert_null(trace_writer_open(trace_files_path("no/such/directory"), 0, &err));
	assert_int_equal(err.code, ENOENT);
	assert_null(trace_writer_open(path, 20, &err));
	assert_int_equal(err.code, EINVAL);
	w = trace_writer_open(path, 19, &err);
	assert_int_equal(trace_writer_event(w, &event), -EINVAL); /* before the header */
	assert_int_equal(trace_writer_header(w, NULL), 0);
	assert_int_equal(trace_writer_header(w, NULL), -EINVAL);
	assert_int_equal(trace_writer_event(w, &event), 0);
	wrong = event;
	wrong.kind = EVENT_NONE;
	assert_int_equal(trace_writer_event(w, &wrong), -EINVAL);
	wrong = event;
	wrong.lane = TRACE_LANE_MAX + 1u;
	assert_int_equal(trace_writer_event(w, &wrong), -EINVAL);
	decision.kind = DECISION_COUNT;
	assert_int_equal(trace_writer_decision(w, &decision), -EINVAL);
	assert_int_equal(trace_writer_lane(w, &lane), -EINVAL);
	line = cJSON_Parse("{\"e\":\"mutex_lock\",\"l\":1}");
	assert_int_equal(trace_writer_line(w, line), -EINVAL);
	cJSON_Delete(line);
	line = cJSON_Parse("[]");
	assert_int_equal(trace_writer_line(w, line), -EINVAL);
	cJSON_Delete(line);
	line = cJSON_Parse("{\"future\":{\"a\":[1,2,{\"b\":null}]}}");
	assert_int_equal(trace_writer_line(w, line), 0);
	cJSON_Delete(line);
	assert_int_equal(trace_writer_outcome(w, "exit", NULL), 0);
	assert_int_equal(trace_writer_event(w, &event), -EINVAL);
	assert_int_equal(trace_writer_events(w), 1);
	assert_int_equal(trace_writer_close(w, &err), 0);
	assert_int_equal(trace_writer_close(NULL, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(header_and_outcome),
		cmocka_unit_test(seek),
		cmocka_unit_test(filters),
		cmocka_unit_test(index_is_used),
		cmocka_unit_test(seekable_format),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(a_bit_of_every_byte),
		cmocka_unit_test(killed),
		cmocka_unit_test(device_is_full),
		cmocka_unit_test(file_is_full),
		cmocka_unit_test(room_again),
		cmocka_unit_test(writer_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
