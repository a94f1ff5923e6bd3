/*
 * Writes the sample trace, see sample_trace.h.
 */
#include "tests/unit/sample_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/trace_writer.h"

/*
 * Locations and contexts are numbered alike: each context is a libc frame and one of the program.
 */
enum {
	AT_LIBC = 1,
	AT_MAIN_LOOP,
	AT_CREATE_ALICE,
	AT_CREATE_BOB,
	AT_JOIN,
	AT_FIRST,
	AT_SECOND,
	AT_START,
	AT_COUNT,
};

static const struct {
	const char *function;
	uint32_t line;
} places[AT_COUNT] = {
	[AT_MAIN_LOOP] = { "main", 30 },  [AT_CREATE_ALICE] = { "main", 34 },
	[AT_CREATE_BOB] = { "main", 35 }, [AT_JOIN] = { "main", 36 },
	[AT_FIRST] = { "transfer", 17 },  [AT_SECOND] = { "transfer", 18 },
	[AT_START] = { "customer", 24 },
};

static const char deadlock[] =
	"{\"status\":0,\"order_hash\":\"00000000000000ff\",\"hb_hash\":\"0000000000000abc\","
	"\"switches\":4,\"lanes\":3,\"lane\":2,\"k\":2,\"cycle\":2,\"edges\":["
	"{\"lane\":2,\"kind\":\"mutex_lock\",\"object\":2,\"context\":7,\"owner\":3,"
	"\"owner_context\":6,\"owner_k\":1},"
	"{\"lane\":3,\"kind\":\"mutex_lock\",\"object\":1,\"context\":7,\"owner\":2,"
	"\"owner_context\":6,\"owner_k\":1},"
	"{\"lane\":1,\"kind\":\"thread_join\",\"object\":3,\"context\":5,\"owner\":2}],"
	"\"stderr\":\"bank: moving money\\n\"}";

struct writing {
	struct trace_writer *writer;
	const struct sample *sample;
	uint64_t k[SAMPLE_BOB + 1];
	uint64_t decisions;
};

static void write_names(struct trace_writer *w, const struct sample *sample)
{
	uint32_t i, frames[2] = { AT_LIBC };
	struct trace_module program = { .number = 1, .path = "/tmp/bank", .main = true };
	struct trace_module libc = { .number = 2, .path = "/lib/libc.so.6" };

	trace_writer_module(w, &program);
	trace_writer_module(w, &libc);
	for (i = AT_LIBC; i < AT_COUNT; i++) {
		struct trace_location location = {
			.number = i,
			.module = i == AT_LIBC ? 2 : 1,
			.offset = 0x1000 + i,
			.source = { .function = i == AT_LIBC ? "__lock" : places[i].function,
				    .file = i == AT_LIBC ? NULL : "src/bank.c",
				    .line = places[i].line },
			.user = i != AT_LIBC,
		};
		struct trace_context context = { .number = i, .frames = frames, .frames_n = 2 };

		trace_writer_location(w, &location);
		frames[1] = i;
		if (i != AT_LIBC)
			trace_writer_context(w, &context);
	}
	trace_writer_lane(w, &(struct trace_lane){ .number = SAMPLE_MAIN, .id = "1" });
	trace_writer_lane(w, &(struct trace_lane){ .number = SAMPLE_ALICE,
						   .id = "1.1",
						   .parent = SAMPLE_MAIN,
						   .name = sample->name ? sample->name : "alice",
						   .start = AT_START });
	trace_writer_lane(w, &(struct trace_lane){ .number = SAMPLE_BOB,
						   .id = "1.2",
						   .parent = SAMPLE_MAIN,
						   .start = AT_START });
	for (i = 1; i <= sample->extra_lanes; i++) {
		char id[32];

		snprintf(id, sizeof(id), "1.%u", 2 + i);
		trace_writer_lane(w, &(struct trace_lane){ .number = SAMPLE_BOB + i,
							   .id = id,
							   .parent = SAMPLE_MAIN });
	}
	trace_writer_object(w, &(struct trace_object){ .number = SAMPLE_SAVINGS,
						       .id = "bank+0x40a0",
						       .kind = "mutex",
						       .name = "savings.lock" });
	trace_writer_object(w, &(struct trace_object){ .number = SAMPLE_CHECKING,
						       .id = "1/mutex.1",
						       .kind = "mutex" });
	trace_writer_object(w, &(struct trace_object){ .number = SAMPLE_OF_ALICE,
						       .id = "thread:1.1",
						       .kind = "thread" });
	trace_writer_object(w, &(struct trace_object){ .number = SAMPLE_OF_BOB,
						       .id = "thread:1.2",
						       .kind = "thread" });
}

static void put(struct writing *w, uint32_t lane, unsigned kind, unsigned phase, uint32_t object,
		uint32_t context)
{
	struct trace_event event = {
		.kind = (uint16_t)kind,
		.phase = (uint8_t)phase,
		.lane = lane,
		.k = w->k[lane],
		.object = object,
		.context = context,
	};

	w->k[lane] += phase == PHASE_DONE;
	assert_int_equal(trace_writer_event(w->writer, &event), 0);
}

static void done(struct writing *w, uint32_t lane, unsigned kind, uint32_t object, uint32_t context)
{
	put(w, lane, kind, PHASE_DONE, object, context);
}

static void announced(struct writing *w, uint32_t lane, unsigned kind, uint32_t object,
		      uint32_t context)
{
	put(w, lane, kind, PHASE_ANNOUNCED, object, context);
}

static void pick(struct writing *w, uint32_t lane, uint32_t a, uint32_t b, uint32_t to)
{
	uint32_t from[] = { a, b };
	struct trace_decision decision = {
		.kind = DECISION_PICK,
		.lane = lane,
		.k = w->k[lane],
		.from = from,
		.from_n = 2,
		.to = to,
	};

	if (++w->decisions == w->sample->flip)
		decision.to = to == a ? b : a;
	assert_int_equal(trace_writer_decision(w->writer, &decision), 0);
}

static void write_events(struct writing *w)
{
	uint64_t i;

	done(w, SAMPLE_MAIN, EVENT_THREAD_START, 0, 0);
	for (i = 0; i < w->sample->rounds; i++) {
		done(w, SAMPLE_MAIN, EVENT_MUTEX_LOCK, SAMPLE_SAVINGS, AT_MAIN_LOOP);
		done(w, SAMPLE_MAIN, EVENT_MUTEX_UNLOCK, SAMPLE_SAVINGS, AT_MAIN_LOOP);
	}
	done(w, SAMPLE_MAIN, EVENT_THREAD_CREATE, SAMPLE_OF_ALICE, AT_CREATE_ALICE);
	announced(w, SAMPLE_MAIN, EVENT_THREAD_CREATE, SAMPLE_OF_BOB, AT_CREATE_BOB);
	pick(w, SAMPLE_MAIN, SAMPLE_MAIN, SAMPLE_ALICE, SAMPLE_ALICE);
	done(w, SAMPLE_ALICE, EVENT_THREAD_START, 0, 0);
	done(w, SAMPLE_ALICE, EVENT_MUTEX_LOCK, SAMPLE_SAVINGS, AT_FIRST);
	announced(w, SAMPLE_ALICE, EVENT_MUTEX_LOCK, SAMPLE_CHECKING, AT_SECOND);
	pick(w, SAMPLE_ALICE, SAMPLE_MAIN, SAMPLE_ALICE, SAMPLE_MAIN);
	done(w, SAMPLE_MAIN, EVENT_THREAD_CREATE, SAMPLE_OF_BOB, AT_CREATE_BOB);
	done(w, SAMPLE_MAIN, EVENT_CLOCK, 0, AT_JOIN);
	announced(w, SAMPLE_MAIN, EVENT_THREAD_JOIN, SAMPLE_OF_ALICE, AT_JOIN);
	pick(w, SAMPLE_MAIN, SAMPLE_ALICE, SAMPLE_BOB, SAMPLE_BOB);
	done(w, SAMPLE_BOB, EVENT_THREAD_START, 0, 0);
	done(w, SAMPLE_BOB, EVENT_MUTEX_LOCK, SAMPLE_CHECKING, AT_FIRST);
	announced(w, SAMPLE_BOB, EVENT_MUTEX_LOCK, SAMPLE_SAVINGS, AT_SECOND);
	/* Only alice is left: no decision. She finds checking locked, and that is the deadlock. */
}

void sample_write(const char *path, const struct sample *sample)
{
	const char *members = sample->outcome ? sample->outcome : deadlock;
	struct writing w = { .sample = sample };
	cJSON *header, *outcome = cJSON_Parse(members);
	struct err err = { 0 };

	assert_non_null(outcome);
	header = cJSON_Parse("{\"argv\":[\"./bank\",\"4\"],\"cwd\":\"/tmp\"}");
	w.writer = trace_writer_open(path, 1, &err);
	assert_non_null(w.writer);
	trace_writer_header(w.writer, header);
	write_names(w.writer, sample);
	write_events(&w);
	if (!sample->no_outcome)
		trace_writer_outcome(w.writer, sample->verdict ? sample->verdict : "deadlock",
				     outcome);
	assert_int_equal(trace_writer_close(w.writer, &err), 0);
	cJSON_Delete(header);
	cJSON_Delete(outcome);
}

static char directory[64], path[96];
static unsigned files;

static void clean(void)
{
	for (; files > 0; files--) {
		snprintf(path, sizeof(path), "%s/%u.zst", directory, files);
		unlink(path);
	}
	rmdir(directory);
}

const char *sample_path(void)
{
	if (!*directory) {
		const char *base = getenv("TMPDIR");

		snprintf(directory, sizeof(directory), "%.32s/frontrun-unit.XXXXXX",
			 base ? base : "/tmp");
		assert_non_null(mkdtemp(directory));
		atexit(clean);
	}
	snprintf(path, sizeof(path), "%s/%u.zst", directory, ++files);
	return path;
}
