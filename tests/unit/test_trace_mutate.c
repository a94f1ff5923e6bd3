/*
 * Mutated traces: the lines of a run, changed at random (a fixed seed), in frames of their own, so
 * that no checksum stands before the reader. Whatever is in the file, what the reader says in one
 * way it says in the others: in order, by number, through the filter, as totals. The same with the
 * bytes of the file changed. For many more inputs of this kind see tests/fuzz.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/trace_names.h"
#include "formats/trace_reader.h"
#include "tests/unit/trace_files.h"

enum { ROUNDS = 2000 };

static uint64_t random_state;

/* xorshift64*, Vigna 2016 */
static uint32_t draw(uint32_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 33) % n;
}

/* One change of some bytes at a random place; `data` has room for 64 more. Never a NUL. */
static size_t mutate(char *data, size_t len, bool text)
{
	static const char *const words[] = {
		"\"",
		"}\n",
		"[",
		"9007199254740993",
		"-1",
		"\"18446744073709551615\"",
		"null",
		"{\"",
		"\\u",
		"4194304",
		"\n",
		",\"k\":3",
		"{}",
		"\xff",
		"{\"b64\":\"AA==\"}",
		"0",
	};
	size_t at = draw((uint32_t)len), n = 1 + draw(8), to;
	const char *word = words[draw(16)];

	switch (draw(text ? 4 : 2)) {
	case 0: /* another byte */
		data[at] = (char)(1 + draw(255));
		return len;
	case 1: /* some bytes from elsewhere */
		to = draw((uint32_t)len);
		n = n > len - at ? len - at : n;
		n = n > len - to ? len - to : n;
		memmove(data + to, data + at, n);
		return len;
	case 2: /* fewer bytes */
		n = n > len - at ? len - at : n;
		memmove(data + at, data + at + n, len - at - n);
		return len - n;
	default: /* a word */
		n = strlen(word);
		memmove(data + at + n, data + at, len - at);
		memcpy(data + at, word, n);
		return len + n;
	}
}

struct counts {
	uint64_t n[TRACE_LINE_TYPES];
	uint32_t last_event_lane;
	uint64_t last_event_k;
};

static int read_all(struct trace_reader *r, struct trace_names *names, struct counts *counts)
{
	struct trace_line line;
	struct err err = { 0 };
	int rc;

	memset(counts, 0, sizeof(*counts));
	while ((rc = trace_reader_next(r, &line, &err)) > 0) {
		assert_int_equal(err.code, 0);
		if (line.type == TRACE_LINE_EVENT) {
			assert_int_equal(line.number, counts->n[TRACE_LINE_EVENT]);
			counts->last_event_lane = line.event.lane;
			counts->last_event_k = line.event.k;
		}
		/* Under a filter, frames are skipped whose decisions a lying index denies. */
		if (line.type == TRACE_LINE_DECISION)
			assert_true(names ? line.number == counts->n[TRACE_LINE_DECISION]
					  : line.number >= counts->n[TRACE_LINE_DECISION]);
		counts->n[line.type]++;
		if (names)
			trace_names_add(names, &line, NULL);
	}
	assert_int_equal(err.code, -rc);
	assert_int_equal(!err.text[0], !rc);
	return rc;
}

static void check_seek(struct trace_reader *r, const struct counts *want)
{
	struct trace_line line;
	struct err err = { 0 };
	uint64_t events = want->n[TRACE_LINE_EVENT];

	if (events) {
		assert_int_equal(trace_reader_seek_event(r, events - 1, &err), 0);
		assert_int_equal(trace_reader_next(r, &line, &err), 1);
		assert_int_equal(line.number, events - 1);
		assert_int_equal(line.event.lane, want->last_event_lane);
		assert_int_equal(line.event.k, want->last_event_k);
	}
	/* The scan may have counted lines behind one that cannot be parsed. */
	if (trace_reader_seek_event(r, events, &err))
		assert_true(err.code == ERANGE || err.code >= ERR_MODULE);
}

/* Returns the code with which reading ended. */
static int check_reader(const char *path)
{
	struct trace_names *names, *loaded;
	struct counts all, some;
	struct err err = { 0 };
	struct trace_reader *r = trace_reader_open(path, &err);
	int rc;

	if (!r) {
		assert_true(err.code > 0 && err.text[0]);
		return err.code;
	}
	names = trace_names_new();
	loaded = trace_names_new();
	rc = read_all(r, names, &all);
	assert_int_equal(all.n[TRACE_LINE_HEADER], 1);
	assert_int_equal(all.n[TRACE_LINE_INDEX], 0);
	assert_true(trace_reader_total_events(r, &err) >= (int64_t)all.n[TRACE_LINE_EVENT]);
	if (!rc) {
		assert_int_equal(all.n[TRACE_LINE_OUTCOME], 1);
		assert_int_equal(trace_reader_total_events(r, &err), all.n[TRACE_LINE_EVENT]);
		assert_int_equal(trace_reader_total_decisions(r, &err), all.n[TRACE_LINE_DECISION]);
		assert_non_null(trace_reader_outcome(r, &err));
		assert_int_equal(trace_reader_check(r, &err), 0);
	}
	check_seek(r, &all);
	if (!trace_names_load(loaded, r, &err) && !rc)
		assert_int_equal(trace_names_lanes_end(names), trace_names_lanes_end(loaded));
	trace_reader_rewind(r);
	trace_reader_filter(r, TRACE_LINE_BIT(TRACE_LINE_DECISION));
	if (!read_all(r, NULL, &some) && !rc)
		assert_int_equal(some.n[TRACE_LINE_DECISION], all.n[TRACE_LINE_DECISION]);
	assert_int_equal(some.n[TRACE_LINE_EVENT], 0);
	trace_names_free(names);
	trace_names_free(loaded);
	trace_reader_close(r);
	return -rc;
}

/* The lines of a run with 60 events; `*split` is where its header ends. To be freed. */
static char *run_lines(size_t *len, size_t *split)
{
	const char *path = trace_files_path("seed.zst");
	char *lines;

	trace_files_run(path, 60, 0);
	lines = trace_files_lines(path, len);
	*split = (size_t)(strchr(lines, '\n') + 1 - lines);
	return lines;
}

static void lines(void **state)
{
	const char *path = trace_files_path("lines.zst");
	uint64_t whole = 0, corrupt = 0;
	size_t len, split;
	char *seed = run_lines(&len, &split);
	char *header = malloc(split + 512), *body = malloc(len + 512);
	unsigned round, i;

	(void)state;
	random_state = 88172645463325252ull;
	for (round = 0; round < ROUNDS; round++) {
		const char *const frames[] = { header, body, NULL };
		size_t header_len = split, body_len = len - split;
		int rc;

		memcpy(header, seed, split);
		memcpy(body, seed + split, len - split);
		if (round % 16 == 0)
			header_len = mutate(header, header_len, true);
		for (i = 0; i < 1 + round % 3; i++)
			body_len = mutate(body, body_len, true);
		header[header_len] = '\0';
		body[body_len] = '\0';
		trace_files_frames(path, frames, round % 2);
		rc = check_reader(path);
		whole += rc == 0;
		corrupt += rc == TRACE_ERR_CORRUPT;
	}
	/* Mutations that nobody notices and such that everybody does: both kinds were at work. */
	assert_true(whole > ROUNDS / 20);
	assert_true(corrupt > ROUNDS / 20);
	free(header);
	free(body);
	free(seed);
}

static void bytes(void **state)
{
	const char *path = trace_files_path("bytes.zst");
	char *data, *copy;
	size_t size;
	unsigned round;

	(void)state;
	random_state = 1181783497276652981ull;
	trace_files_run(path, 60, 20);
	data = trace_files_read(path, &size);
	copy = malloc(size);
	for (round = 0; round < ROUNDS; round++) {
		memcpy(copy, data, size);
		mutate(copy, size, false);
		trace_files_write(path, copy, size - (round % 4 ? 0 : draw((uint32_t)size)));
		check_reader(path);
	}
	free(copy);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
