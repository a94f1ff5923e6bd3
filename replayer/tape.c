/*
 * Feeds the tape: see the header. Positions are kept here; of the target's only `tail` is read.
 */
#include "replayer/tape.h"

#include <inttypes.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "formats/record.h"
#include "formats/trace_reader.h"
#include "recorder/alloc.h"

#define PUBLISH_BYTES (64u << 10) /* a target that waits begins before all is read */

struct tape {
	struct region_tape *shared;
	struct trace_reader *reader;
	struct unpack *unpack; /* NULL: files are where they were */
	uint64_t head, published, given;
	bool pending; /* `record` is still to be put in */
	bool ended;
	struct err error;
	union {
		struct record_answer record;
		uint8_t bytes[RECORD_MAX];
	};
};

struct tape *tape_open(const char *trace_path, struct region *region, struct err *err)
{
	struct tape *tape = alloc_check(calloc(1, sizeof(*tape)));

	tape->shared = &region->tape;
	tape->reader = trace_reader_open(trace_path, err);
	if (!tape->reader) {
		free(tape);
		return NULL;
	}
	trace_reader_filter(tape->reader, TRACE_LINE_BIT(TRACE_LINE_ANSWER));
	return tape;
}

void tape_close(struct tape *tape)
{
	if (!tape)
		return;
	trace_reader_close(tape->reader);
	free(tape);
}

void tape_unpacked(struct tape *tape, struct unpack *unpack)
{
	tape->unpack = unpack;
}

/* An opening by reference: the path becomes the one where the file is now. */
static void redirect(struct tape *tape, struct trace_answer *answer)
{
	const char *path;

	if (!tape->unpack || !(answer->flags & ANSWER_REFERENCE))
		return;
	path = unpack_path(tape->unpack, answer->got, answer->got_len);
	if (!path)
		return;
	answer->got = path;
	answer->got_len = strlen(path);
}

/* What was written since the last time becomes visible, and a waiting target hears of it. */
static void publish(struct tape *tape)
{
	struct region_tape *shared = tape->shared;

	__atomic_store_n(&shared->head, tape->head, __ATOMIC_RELEASE);
	tape->published = tape->head;
	__atomic_add_fetch(&shared->news, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&shared->waiting, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &shared->news, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void end(struct tape *tape, uint32_t how)
{
	tape->ended = true;
	__atomic_store_n(&tape->shared->ended, how, __ATOMIC_SEQ_CST);
	publish(tape);
}

/* Where there are no bytes there is no pointer to them. */
static uint8_t *append(uint8_t *at, const void *bytes, size_t length)
{
	return length ? mempcpy(at, bytes, length) : at;
}

/* The line as a record; false: no recording has such a one. */
static bool make_record(struct tape *tape, const struct trace_answer *answer, struct err *err)
{
	uint64_t bytes =
		sizeof(tape->record) + answer->name_len + answer->sent_len + answer->got_len;
	struct record_answer *record = &tape->record;
	uint8_t *at = record->bytes;

	if (answer->call == TRACE_CALL_UNKNOWN) {
		err_set(err, TRACE_ERR_CORRUPT,
			"answer %" PRIu64 " is of the system call \"%.*s\", which is unknown here",
			tape->given + 1, (int)(answer->in_len < 64 ? answer->in_len : 64),
			answer->in);
		return false;
	}
	if (bytes > RECORD_MAX || answer->name_len > UINT16_MAX ||
	    answer->process >= REGION_PROCESSES ||
	    (answer->flags & ANSWER_REFERENCE && !answer->got_len)) {
		err_set(err, TRACE_ERR_CORRUPT,
			"answer %" PRIu64 " has lengths or numbers that no recording has",
			tape->given + 1);
		return false;
	}
	memset(tape->bytes + (bytes & ~7ull), 0, ((bytes + 7) & ~7ull) - (bytes & ~7ull));
	*record = (struct record_answer){
		.head = { RECORD_ANSWER, 0, (uint32_t)((bytes + 7) & ~7ull) },
		.process = (uint16_t)answer->process,
		.call = answer->call,
		.flags = answer->flags,
		.name_length = (uint16_t)answer->name_len,
		.lane = answer->lane,
		.sent_length = (uint32_t)answer->sent_len,
		.got_length = (uint32_t)answer->got_len,
		.arg_count = 6,
		.result = answer->result,
		.sent_hash = answer->sent_hash,
	};
	memcpy(record->args, answer->args, sizeof(record->args));
	at = append(at, answer->name, answer->name_len);
	at = append(at, answer->sent, answer->sent_len);
	append(at, answer->got, answer->got_len);
	return true;
}

/* The next answer of the trace into `record`. False: there is none. */
static bool next(struct tape *tape)
{
	struct trace_line line;
	int rc;

	if (tape->pending)
		return true;
	if (tape->ended)
		return false;
	rc = trace_reader_next(tape->reader, &line, &tape->error);
	if (rc > 0)
		redirect(tape, &line.answer);
	if (rc > 0 && make_record(tape, &line.answer, &tape->error)) {
		tape->pending = true;
		return true;
	}
	end(tape, rc == 0 ? 1 : 2);
	return false;
}

static void put(struct tape *tape, const void *bytes, uint32_t size)
{
	memcpy(tape->shared->bytes + tape->head % REGION_TAPE_BYTES, bytes, size);
}

/* The pending record into the ring, behind a pad where it would wrap. False: there is no room. */
static bool put_record(struct tape *tape)
{
	uint64_t tail = __atomic_load_n(&tape->shared->tail, __ATOMIC_ACQUIRE);
	uint64_t used = tape->head - tail;
	uint32_t size = tape->record.head.size;
	uint32_t to_end = REGION_TAPE_BYTES - (uint32_t)(tape->head % REGION_TAPE_BYTES);
	uint32_t pad = size > to_end ? to_end : 0;
	struct record_head filler = { RECORD_PAD, 0, pad };

	if (used > REGION_TAPE_BYTES || REGION_TAPE_BYTES - used < (uint64_t)pad + size)
		return false;
	if (pad) {
		put(tape, &filler, sizeof(filler));
		tape->head += pad;
	}
	put(tape, tape->bytes, size);
	tape->head += size;
	tape->pending = false;
	tape->given++;
	return true;
}

bool tape_feed(struct tape *tape)
{
	uint64_t start = tape->head;
	bool ended = tape->ended;

	while (next(tape) && put_record(tape))
		if (tape->head - tape->published >= PUBLISH_BYTES)
			publish(tape);
	if (tape->head != tape->published)
		publish(tape);
	return tape->head != start || tape->ended != ended;
}

void tape_finish(struct tape *tape)
{
	uint64_t taken = __atomic_load_n(&tape->shared->taken, __ATOMIC_SEQ_CST), i = 0;
	const struct record_answer *record = &tape->record;
	const uint8_t *bytes;
	uint32_t left;
	ssize_t n;

	trace_reader_rewind(tape->reader);
	tape->ended = tape->pending = false;
	for (; next(tape); tape->pending = false) {
		if (i++ < taken)
			continue;
		bytes = tape->bytes + sizeof(*record) + record->name_length + record->sent_length;
		left = (record->flags & ANSWER_CHILD) && record->call == SYS_write
			       ? record->got_length
			       : 0;
		for (; left && record->args[0] > 0 && record->args[0] < 3; left -= (uint32_t)n) {
			n = write((int)record->args[0], bytes, left);
			if (n <= 0)
				break;
			bytes += n;
		}
	}
}

uint64_t tape_given(const struct tape *tape)
{
	return tape->given;
}

const struct err *tape_error(const struct tape *tape)
{
	return tape->error.code ? &tape->error : NULL;
}
