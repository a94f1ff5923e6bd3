/*
 * Size and speed of the trace container on a synthetic run: bytes for an event, events a second
 * written and read. Prints one JSON object. Not a test: nothing here fails because it is slow.
 *
 *	bench_trace [--events N] [--level L] [--stay N] [--program] FILE
 *
 * The run has 8 lanes, 16 objects, 40 contexts; before each operation (with --stay, before one of N
 * operations) a lane is drawn at random, and when it is another one than before, an announced line
 * and a decision are written as the runtime does. Without --program the context and the object of
 * each operation are drawn at random too, which no real program does; with it each lane runs a loop
 * of its own over 12 operations. A context determines the kind of the operation.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "formats/trace_reader.h"
#include "formats/trace_writer.h"

enum { LANES = 8, OBJECTS = 16, CONTEXTS = 40, STEPS = 12 };

struct operation {
	uint32_t object, context;
};

struct run {
	struct trace_writer *w;
	uint64_t random;
	bool program;
	uint32_t stay;
	uint64_t k[LANES + 1];
	uint64_t visits[LANES + 1][CONTEXTS + 1];
	struct operation next[LANES + 1];
	struct operation steps[LANES + 1][STEPS];
};

/* xorshift64*, Vigna 2016 */
static uint32_t draw(struct run *run, uint32_t n)
{
	run->random ^= run->random >> 12;
	run->random ^= run->random << 25;
	run->random ^= run->random >> 27;
	return (uint32_t)((run->random * 0x2545f4914f6cdd1dull) >> 33) % n;
}

static struct operation draw_operation(struct run *run)
{
	return (struct operation){ 1 + draw(run, OBJECTS), 1 + draw(run, CONTEXTS) };
}

static uint16_t kind_of(uint32_t context)
{
	static const uint16_t kinds[] = { EVENT_MUTEX_LOCK,   EVENT_MUTEX_UNLOCK, EVENT_MUTEX_LOCK,
					  EVENT_MUTEX_UNLOCK, EVENT_COND_WAIT,    EVENT_COND_SIGNAL,
					  EVENT_SEM_WAIT,     EVENT_SEM_POST };

	return kinds[context % 8];
}

static void event(struct run *run, uint32_t lane, uint8_t phase)
{
	struct trace_event ev = {
		.kind = kind_of(run->next[lane].context),
		.phase = phase,
		.lane = lane,
		.k = run->k[lane],
		.object = run->next[lane].object,
		.context = run->next[lane].context,
	};

	trace_writer_event(run->w, &ev);
}

static void decide(struct run *run, uint32_t lane, uint32_t to)
{
	uint32_t from[LANES], n = 0, i;
	uint32_t at = run->next[lane].context;
	struct trace_decision de = {
		.kind = DECISION_PICK,
		.lane = lane,
		.k = run->k[lane],
		.at = at,
		.n = run->visits[lane][at],
		.from = from,
		.to = to,
	};

	/* Each other lane is blocked now and then. */
	for (i = 1; i <= LANES; i++)
		if (i == lane || i == to || draw(run, 8))
			from[n++] = i;
	de.from_n = n;
	trace_writer_decision(run->w, &de);
}

static void names(struct run *run)
{
	uint32_t i;

	for (i = 1; i <= CONTEXTS; i++) {
		struct trace_location location = { .number = i, .offset = i };
		struct trace_context context = { .number = i, .frames = &i, .frames_n = 1 };
		struct trace_object object = { .number = i, .id = "object" };
		struct trace_lane lane = { .number = i, .id = "1" };

		trace_writer_location(run->w, &location);
		trace_writer_context(run->w, &context);
		if (i <= OBJECTS)
			trace_writer_object(run->w, &object);
		if (i <= LANES)
			trace_writer_lane(run->w, &lane);
	}
}

static void generate(struct run *run, uint64_t events)
{
	uint32_t lane, to;
	uint64_t i;

	for (lane = 1; lane <= LANES; lane++) {
		for (i = 0; i < STEPS; i++)
			run->steps[lane][i] = draw_operation(run);
		run->next[lane] = run->steps[lane][0];
	}
	for (lane = 1, i = 0; i < events; i++) {
		to = draw(run, run->stay) ? lane : 1 + draw(run, LANES);
		run->visits[lane][run->next[lane].context]++;
		if (to != lane) {
			event(run, lane, PHASE_ANNOUNCED);
			decide(run, lane, to);
			lane = to;
		}
		event(run, lane, PHASE_DONE);
		run->k[lane]++;
		run->next[lane] = run->program ? run->steps[lane][run->k[lane] % STEPS]
					       : draw_operation(run);
	}
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int die(const char *what, const char *why)
{
	fprintf(stderr, "bench_trace: %s: %s\n", what, why);
	return 1;
}

/* Read all lines; returns the number of events, 0 on error. */
static uint64_t read_all(const char *path)
{
	struct trace_line line;
	struct trace_reader *r;
	uint64_t events = 0;
	struct err err;
	int rc;

	r = trace_reader_open(path, &err);
	if (!r)
		return 0;
	while ((rc = trace_reader_next(r, &line, &err)) > 0)
		events += line.type == TRACE_LINE_EVENT;
	trace_reader_close(r);
	return rc ? 0 : events;
}

/* Open, go to the middle and to the last event, read the outcome; seconds, or -1. */
static double jump(const char *path)
{
	double start = now(CLOCK_MONOTONIC);
	struct trace_line line;
	struct err err;
	struct trace_reader *r = trace_reader_open(path, &err);
	int64_t total = r ? trace_reader_total_events(r, &err) : -1;
	bool good = total > 0 && trace_reader_outcome(r, &err) &&
		    !trace_reader_seek_event(r, (uint64_t)total / 2, &err) &&
		    trace_reader_next(r, &line, &err) == 1 &&
		    !trace_reader_seek_event(r, (uint64_t)total - 1, &err) &&
		    trace_reader_next(r, &line, &err) == 1;

	trace_reader_close(r);
	return good ? now(CLOCK_MONOTONIC) - start : -1;
}

static int measure(struct run *run, const char *path, uint64_t events, int level)
{
	double start, writing, reading;
	uint64_t lines, decisions;
	struct json_out out;
	struct err err;
	struct stat st;

	run->w = trace_writer_open(path, level, &err);
	if (!run->w)
		return die(path, err.text);
	start = now(CLOCK_PROCESS_CPUTIME_ID);
	trace_writer_header(run->w, NULL);
	names(run);
	generate(run, events);
	lines = trace_writer_events(run->w);
	decisions = trace_writer_decisions(run->w);
	trace_writer_outcome(run->w, "exit", NULL);
	if (trace_writer_close(run->w, &err))
		return die(path, err.text);
	writing = now(CLOCK_PROCESS_CPUTIME_ID) - start;
	start = now(CLOCK_PROCESS_CPUTIME_ID);
	if (read_all(path) != lines || stat(path, &st))
		return die(path, "what was read is not what was written");
	reading = now(CLOCK_PROCESS_CPUTIME_ID) - start;
	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "operations");
	json_uint(&out, events);
	json_key(&out, "event_lines");
	json_uint(&out, lines);
	json_key(&out, "decision_lines");
	json_uint(&out, decisions);
	json_key(&out, "bytes");
	json_uint(&out, (uint64_t)st.st_size);
	json_key(&out, "bytes_per_operation");
	json_double(&out, (double)st.st_size / (double)events);
	json_key(&out, "bytes_per_event_line");
	json_double(&out, (double)st.st_size / (double)lines);
	json_key(&out, "written_event_lines_per_cpu_second");
	json_uint(&out, (uint64_t)((double)lines / writing));
	json_key(&out, "read_event_lines_per_cpu_second");
	json_uint(&out, (uint64_t)((double)lines / reading));
	json_key(&out, "open_and_two_seeks_seconds");
	json_double(&out, jump(path));
	json_object_end(&out);
	json_newline(&out);
	fwrite(out.data, 1, out.len, stdout);
	json_out_fini(&out);
	return 0;
}

int main(int argc, char **argv)
{
	static struct run run = { .stay = 1, .random = 88172645463325252ull };
	uint64_t events = 1000000;
	const char *path = NULL;
	int level = 0, i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--events") && i + 1 < argc)
			events = strtoull(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--level") && i + 1 < argc)
			level = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--stay") && i + 1 < argc)
			run.stay = (uint32_t)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--program"))
			run.program = true;
		else
			path = argv[i];
	}
	if (!path || !events || !run.stay)
		return die("usage", "bench_trace [--events N] [--level L] [--stay N] [--program] "
				    "FILE");
	return measure(&run, path, events, level);
}
