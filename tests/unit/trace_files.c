/*
 * Files for the tests of the trace container, see trace_files.h.
 */
#include "tests/unit/trace_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zstd.h>

#include "formats/trace_index.h"
#include "formats/trace_writer.h"

static char directory[64];

static void remove_directory(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command))
		fprintf(stderr, "cannot remove %s\n", directory);
}

const char *trace_files_path(const char *name)
{
	static char paths[8][128];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	if (!directory[0]) {
		strcpy(directory, "/tmp/frontrun-trace.XXXXXX");
		assert_non_null(mkdtemp(directory));
		atexit(remove_directory);
	}
	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

char *trace_files_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *data;

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	*len = (size_t)ftell(f);
	rewind(f);
	data = malloc(*len + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *len, f), *len);
	data[*len] = '\0';
	fclose(f);
	return data;
}

void trace_files_write(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

void trace_files_frames(const char *path, const char *const *frames, bool table)
{
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	FILE *f = fopen(path, "we");
	struct trace_index index;
	struct json_out out;

	assert_non_null(f);
	json_out_init(&out);
	trace_index_init(&index);
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, 1);
	for (; *frames; frames++) {
		size_t bound = ZSTD_compressBound(strlen(*frames));
		char *packed = malloc(bound);
		size_t n = ZSTD_compress2(cctx, packed, bound, *frames, strlen(*frames));

		assert_false(ZSTD_isError(n));
		assert_int_equal(fwrite(packed, 1, n, f), n);
		free(packed);
		assert_int_equal(trace_index_add(&index,
						 &(struct trace_index_row){
							 .packed = (uint32_t)n,
							 .unpacked = (uint32_t)strlen(*frames) }),
				 0);
	}
	if (table)
		trace_index_put_seek_table(&index, &out);
	assert_int_equal(fwrite(out.data ? out.data : "", 1, out.len, f), out.len);
	json_out_fini(&out);
	trace_index_fini(&index);
	assert_int_equal(fclose(f), 0);
	ZSTD_freeCCtx(cctx);
}

char *trace_files_lines(const char *path, size_t *len)
{
	size_t packed, cap = 1 << 20;
	char *data = trace_files_read(path, &packed);
	char *lines = malloc(cap);
	ZSTD_DCtx *dctx = ZSTD_createDCtx();
	ZSTD_inBuffer in = { data, packed, 0 };

	*len = 0;
	while (in.pos < in.size) {
		ZSTD_outBuffer out = { lines, cap, *len };

		assert_false(ZSTD_isError(ZSTD_decompressStream(dctx, &out, &in)));
		*len = out.pos;
		if (*len == cap)
			lines = realloc(lines, cap *= 2);
	}
	ZSTD_freeDCtx(dctx);
	free(data);
	lines[*len] = '\0';
	return lines;
}

/* Three lanes; events 3i and 3i + 1 are the two lines of one operation. */
struct trace_event trace_files_event(uint64_t n)
{
	struct trace_event event = {
		.kind = (uint16_t)(EVENT_MUTEX_LOCK + n / 3 % 4),
		.phase = n % 3 == 0 ? PHASE_ANNOUNCED : PHASE_DONE,
		.process = n % 11 == 0,
		.lane = (uint32_t)(1 + n / 3 % 3),
		.k = n / 9 * 2 + (n % 3 == 2),
		.object = (uint32_t)(n % 5),
		.object2 = n % 7 == 0 ? 4 : 0,
		.context = (uint32_t)(n % 4),
		.result = n % 13 == 0 ? -11 : 0,
	};

	if (n % 17 == 0)
		event.value = (struct trace_value){
			.type = TRACE_VALUE_INT,
			.number = n % 2 ? INT64_MIN + (int64_t)n : (int64_t)n,
		};
	if (n % 19 == 0)
		event.value = (struct trace_value){
			.type = TRACE_VALUE_BYTES,
			.bytes = "\xff\0\x01z",
			.len = n % 5,
		};
	if (n % 23 == 0) {
		event.text = n % 2 ? "plain" : "\"quoted\" \n \xc3\xa9";
		event.text_len = strlen(event.text);
	}
	return event;
}

/* After each announced event. */
struct trace_decision trace_files_decision(uint64_t n)
{
	static const uint32_t options[] = { 1, 2, 3, 4000000 };
	struct trace_event event = trace_files_event(n * 3);
	struct trace_decision decision = {
		.kind = (uint16_t)(n % DECISION_COUNT),
		.lane = event.lane,
		.k = event.k + (n % 5 == 0),
		.at = n % 4 ? event.context : (uint32_t)(n % 8),
		.n = n % 9 ? n : 0,
		.from = options,
		.from_n = (uint32_t)(n % 5),
		.to = n % 6 ? (int64_t)n : -5,
		.forced = n % 8 == 0,
	};

	if (n % 10 == 0)
		decision.value = (struct trace_value){
			.type = TRACE_VALUE_INT,
			.number = (int64_t)1 << (40 + n / 10 % 20),
		};
	return decision;
}

/* Every key, with and without a value; texts, texts to escape, bytes. */
struct trace_answer trace_files_answer(uint64_t n)
{
	static const struct {
		const char *bytes;
		size_t len;
	} payloads[] = {
		{ "", 0 },
		{ "GET n\r\n", 7 },
		{ "/tmp/m\xc3\xa9 \"x\" \\ \b\f\n\t\x1b[31m\x7f \xc2\x9b \xf0\x9f\x98\x80", 32 },
		{ "\0\1\2\xff", 4 },
		{ "plain and a NUL\0", 16 },
		{ "cut \xc3", 5 },
	};
	static const uint16_t calls[] = { 0, 1, 7, 44, 45, 257, 318, 1000 };
	struct trace_answer answer = {
		.call = calls[n % 8],
		.flags = (uint16_t)(n % 5 ? 0 : n % (ANSWER_FLAGS + 1)),
		.process = n % 4 == 3,
		.lane = (uint32_t)(n % 4),
		.args = { n % 2 ? 3 : 0, n % 3 ? -1 : 0, n % 7 ? 0 : (int64_t)n << 50 },
		.result = n % 3 ? (int64_t)(n << (n % 60)) : -11,
		.sent_hash = n % 4 ? 0 : n * 0x9e3779b97f4a7c15u,
		.name = payloads[n % 6].bytes,
		.name_len = payloads[n % 6].len,
		.sent = payloads[n / 2 % 6].bytes,
		.sent_len = payloads[n / 2 % 6].len,
		.got = payloads[n / 3 % 6].bytes,
		.got_len = payloads[n / 3 % 6].len,
	};

	answer.args[5] = n % 9 == 8 ? INT64_MIN : 0;
	return answer;
}

static void write_names(struct trace_writer *w, uint32_t i)
{
	const char *files[] = { "bank.c", "m\xc3\xa9moire.c", "\xff\xfe.c" };
	struct trace_source inlined = { .function = "outer", .file = "bank.c", .line = i };
	struct trace_module module = { .number = i, .path = "/usr/lib/x.so", .build_id = "00ff" };
	struct trace_location location = {
		.number = i,
		.module = i,
		.offset = 0x1000 + i,
		.source = { .function = "f", .file = files[i % 3], .line = i },
		.inlined = &inlined,
		.inlined_n = i % 2,
		.user = i % 2,
		.text = i % 2 ? "balance += amount" : NULL,
	};
	uint32_t frames[] = { i, 1 };
	struct trace_context context = { .number = i, .frames = frames, .frames_n = 2 };
	struct trace_lane lane = { .number = i, .id = "1.2", .parent = i - 1, .start = i };
	struct trace_object object = {
		.number = i,
		.id = "bank+0x40a0",
		.kind = "mutex",
		.name = i % 2 ? "lock" : NULL,
		.address = 0xffffffffffffff00,
		.provisional = i % 2,
	};

	assert_int_equal(trace_writer_module(w, &module), 0);
	assert_int_equal(trace_writer_location(w, &location), 0);
	assert_int_equal(trace_writer_context(w, &context), 0);
	assert_int_equal(trace_writer_lane(w, &lane), 0);
	assert_int_equal(trace_writer_object(w, &object), 0);
}

uint64_t trace_files_run(const char *path, uint64_t events, uint64_t flush)
{
	struct err err;
	struct trace_writer *w = trace_writer_open(path, 0, &err);
	uint64_t i, decisions = 0;
	uint32_t name;
	cJSON *fields = cJSON_Parse("{\"argv\":[\"./bank\",\"x y\"],\"seed\":\"12\"}");

	assert_non_null(w);
	assert_int_equal(trace_writer_header(w, fields), 0);
	cJSON_Delete(fields);
	for (i = 0; i < events; i++) {
		struct trace_event event = trace_files_event(i);
		struct trace_decision decision;
		struct trace_answer answer;

		for (name = 1; i == 0 && name <= TRACE_FILES_NAMES; name++)
			write_names(w, name);
		if (i && i % 1000 == 0 && i / 1000 < 5)
			write_names(w, (uint32_t)(i / 1000));
		assert_int_equal(trace_writer_event(w, &event), 0);
		if (event.phase == PHASE_ANNOUNCED) {
			decision = trace_files_decision(decisions++);
			assert_int_equal(trace_writer_decision(w, &decision), 0);
		}
		if (i % 7 == 0) {
			answer = trace_files_answer(i / 7);
			assert_int_equal(trace_writer_answer(w, &answer), 0);
		}
		if (flush && (i + 1) % flush == 0)
			assert_int_equal(trace_writer_flush(w), 0);
	}
	assert_int_equal(trace_writer_note(w, "uncontrolled", "a remark"), 0);
	fields = cJSON_Parse("{\"status\":3,\"order_hash\":\"00000000000000ff\"}");
	assert_int_equal(trace_writer_outcome(w, "exit", fields), 0);
	cJSON_Delete(fields);
	assert_int_equal(trace_writer_events(w), events);
	assert_int_equal(trace_writer_decisions(w), decisions);
	assert_int_equal(trace_writer_close(w, &err), 0);
	assert_int_equal(err.code, 0);
	return decisions;
}

static void same_value(const struct trace_value *a, const struct trace_value *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->len, b->len);
	if (a->len)
		assert_memory_equal(a->bytes, b->bytes, a->len);
}

void trace_files_same_event(const struct trace_event *a, const struct trace_event *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->phase, b->phase);
	assert_int_equal(a->process, b->process);
	assert_int_equal(a->lane, b->lane);
	assert_int_equal(a->k, b->k);
	assert_int_equal(a->object, b->object);
	assert_int_equal(a->object2, b->object2);
	assert_int_equal(a->context, b->context);
	assert_int_equal(a->result, b->result);
	same_value(&a->value, &b->value);
	assert_int_equal(a->text_len, b->text_len);
	assert_int_equal(!a->text, !b->text);
	if (a->text_len)
		assert_memory_equal(a->text, b->text, a->text_len);
}

void trace_files_same_decision(const struct trace_decision *a, const struct trace_decision *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->lane, b->lane);
	assert_int_equal(a->k, b->k);
	assert_int_equal(a->at, b->at);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->from_n, b->from_n);
	if (a->from_n)
		assert_memory_equal(a->from, b->from, a->from_n * sizeof(*a->from));
	assert_int_equal(a->to, b->to);
	same_value(&a->value, &b->value);
	assert_int_equal(a->forced, b->forced);
}

static void same_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
	assert_int_equal(a_len, b_len);
	if (a_len)
		assert_memory_equal(a, b, a_len);
}

void trace_files_same_answer(const struct trace_answer *a, const struct trace_answer *b)
{
	assert_int_equal(a->call, b->call);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->process, b->process);
	assert_int_equal(a->lane, b->lane);
	assert_memory_equal(a->args, b->args, sizeof(a->args));
	assert_int_equal(a->result, b->result);
	assert_int_equal(a->sent_hash, b->sent_hash);
	same_bytes(a->name, a->name_len, b->name, b->name_len);
	same_bytes(a->sent, a->sent_len, b->sent, b->sent_len);
	same_bytes(a->got, a->got_len, b->got, b->got_len);
}
