/*
 * Writing the tape and answering from it, see tape.h. What beside the answer has to happen in a
 * replay is tape_effects.c (descriptors, output) and tape_contents.c (files, mappings).
 */
#include "preload/tape.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "formats/hash.h"
#include "preload/answers.h"
#include "preload/children.h"
#include "preload/compose.h"
#include "preload/decide.h"
#include "preload/descriptors.h"
#include "preload/log.h"
#include "preload/sched.h"
#include "preload/tape_contents.h"
#include "preload/tape_effects.h"
#include "preload/tape_written.h"
#include "preload/thread_state.h"

#define SENT_KEPT 256u  /* bytes of what was sent that are written down */
#define NAME_KEPT 3072u /* of each name */
#define SHOWN 48u       /* bytes of a name or of what was sent in a sentence */

enum tape_mode tape_mode;

/* What a call sends: a hash of all of it, and its beginning. */
struct sent {
	uint64_t hash, length;
	uint8_t bytes[SENT_KEPT];
};

/* The record that is being written or read, and the place in its bytes. One user at a time. */
static struct {
	struct record_answer *out;
	const struct record_answer *in;
	const uint8_t *from;
	uint8_t *to;
	uint32_t left; /* room, or bytes not read yet */
	bool short_of; /* more was wanted than was there */
	/* of the records that go on with this one */
	uint16_t call;
	uint32_t lane;
} stream;

void tape_init(void)
{
	uint32_t flags = decide_run()->flags;

	tape_mode = flags & PLAN_RUN_GIVE_ANSWERS   ? TAPE_GIVE
		    : flags & PLAN_RUN_KEEP_ANSWERS ? TAPE_KEEP
						    : TAPE_OFF;
	if (tape_mode != TAPE_OFF)
		descriptors_init();
	if (tape_mode == TAPE_GIVE)
		written_init();
}

void tape_child(void)
{
	tape_mode = TAPE_OFF;
}

bool tape_knows(long number)
{
	return tape_mode != TAPE_OFF && answers_row(number);
}

void tape_foreign_call(long number)
{
	if (tape_mode == TAPE_KEEP && answers_row(number))
		__atomic_add_fetch(&region->foreign_calls, 1, __ATOMIC_RELAXED);
}

static bool is_value(const struct answers_row *row, long number, const long a[6], unsigned i)
{
	if (row->addresses >> i & 1)
		return false;
	if (i != 2 || (number != SYS_fcntl && number != SYS_ioctl))
		return true;
	return number == SYS_fcntl &&
	       (a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC || a[1] == F_SETFD || a[1] == F_SETFL);
}

/* A descriptor or flags that were zero-extended are the same numbers as sign-extended ones. */
static int64_t value_of(long argument)
{
	return (uint64_t)argument >> 32 == 0 ? (int32_t)argument : argument;
}

static void add_sent(void *self, void *bytes, uint64_t length)
{
	struct sent *sent = self;
	uint64_t room = sent->length < SENT_KEPT ? SENT_KEPT - sent->length : 0;

	memcpy(sent->bytes + (SENT_KEPT - room), bytes, length < room ? length : room);
	sent->hash = hash_content(sent->hash, bytes, length);
	sent->length += length;
}

static void gather_sent(struct sent *sent, const struct answers_row *row, const long a[6])
{
	sent->hash = HASH_START;
	sent->length = 0;
	answers_sent(row, a, add_sent, sent);
}

static const char *name_at(const struct answers_row *row, const long a[6], int i)
{
	if (row->name.how == ANSWERS_NONE || (i && row->name.how != ANSWERS_NAMES))
		return NULL;
	return (const char *)a[i ? row->name.b : row->name.a];
}

/* Both names with a NUL between them; its length. */
static uint32_t gather_name(const struct answers_row *row, const long a[6],
			    uint8_t to[2 * NAME_KEPT + 1])
{
	uint32_t length = 0, i, n;
	const char *name;

	for (i = 0; i < 2; i++) {
		name = name_at(row, a, (int)i);
		if (!name)
			continue;
		if (i)
			to[length++] = '\0';
		n = (uint32_t)strnlen(name, NAME_KEPT);
		memcpy(to + length, name, n);
		length += n;
	}
	return length;
}

/* The lane that has the turn; 0: it is about to end, and looks after others for the last time. */
static uint32_t asking(void)
{
	return thread_state.lane ? thread_state.lane->number : 0;
}

/*
 * Keeping
 */

static void open_record(void)
{
	uint32_t room;

	stream.out = log_answer_open(&room);
	stream.to = stream.out->bytes;
	stream.left = room;
	stream.out->process = (uint16_t)process_index;
	stream.out->lane = stream.lane;
	stream.out->call = stream.call;
	stream.out->flags = 0;
	stream.out->name_length = 0;
	stream.out->sent_length = stream.out->got_length = stream.out->arg_count = 0;
	stream.out->result = 0;
	stream.out->sent_hash = 0;
	memset(stream.out->args, 0, sizeof stream.out->args);
}

static void put(const void *bytes, uint32_t length)
{
	memcpy(stream.to, bytes, length);
	stream.to += length;
	stream.left -= length;
}

static void keep_piece(void *self, void *bytes_, uint64_t length)
{
	const uint8_t *bytes = bytes_;
	uint16_t asked = stream.out->flags & ANSWER_ASKED;
	uint32_t n;

	(void)self;
	while (length) {
		if (!stream.left) {
			stream.out->flags |= ANSWER_MORE;
			log_answer_close(stream.out, (uint32_t)(stream.to - stream.out->bytes));
			open_record();
			stream.out->flags = ANSWER_NEXT | asked;
		}
		n = length < stream.left ? (uint32_t)length : stream.left;
		put(bytes, n);
		stream.out->got_length += n;
		bytes += n;
		length -= n;
	}
}

static void keep(unsigned flags, const struct answers_row *row, long number, const long a[6],
		 long result)
{
	static uint8_t name[2 * NAME_KEPT + 1];
	static struct sent sent;
	struct record_answer *record;
	uint32_t length = 0, i;

	sent.length = 0;
	if (result != -EFAULT) {
		length = gather_name(row, a, name);
		gather_sent(&sent, row, a);
	}
	children_collect();
	stream.lane = asking();
	stream.call = (uint16_t)number;
	open_record();
	record = stream.out;
	record->flags = (uint16_t)flags;
	record->result = row->sort == ANSWERS_MAP && result > 0 ? 0 : result;
	record->arg_count = row->count;
	for (i = 0; i < row->count; i++)
		record->args[i] = is_value(row, number, a, i) ? value_of(a[i]) : 0;
	record->name_length = (uint16_t)length;
	put(name, length);
	record->sent_length = (uint32_t)(sent.length < SENT_KEPT ? sent.length : SENT_KEPT);
	record->sent_hash = sent.length > SENT_KEPT ? sent.hash : 0;
	put(sent.bytes, record->sent_length);
	if (!contents_keep(row, number, a, result, &record->flags, keep_piece))
		answers_got(row, number, a, result, false, keep_piece, NULL);
	log_answer_close(stream.out, (uint32_t)(stream.to - stream.out->bytes));
}

static long unrecorded(const struct answers_row *row, long number, const long a[6])
{
	long result = raw_syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]);

	effects_known(row, number, a, result);
	return result;
}

static long call_and_keep(unsigned flags, const struct answers_row *row, long number,
			  const long a[6])
{
	long result;

	if (row->sort == ANSWERS_ABSENT) {
		if (number == SYS_io_uring_setup)
			log_note(
				NOTE_INFO, 0,
				"the program asked for io_uring, which is answered with ENOSYS here");
		return -ENOSYS;
	}
	if (effects_unrecorded(row, number, a))
		return unrecorded(row, number, a);
	result = effects_refuse(number, a);
	if (!result) {
		answers_before(row, a);
		result = raw_syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	keep(flags, row, number, a, result);
	effects_known(row, number, a, result);
	return result;
}

long tape_attempt(long number, const long a[6], long made, const long with[6])
{
	const struct answers_row *row = answers_row(number);
	bool recorded = !effects_unrecorded(row, number, a);
	long result;

	if (recorded)
		answers_before(row, a);
	result = raw_syscall6(made, with[0], with[1], with[2], with[3], with[4], with[5]);
	if (result == -EAGAIN)
		return result;
	if (recorded)
		keep(0, row, number, a, result);
	effects_known(row, number, a, result);
	return result;
}

/*
 * Giving
 */

static size_t compose_call(char *text, size_t room, size_t at, const char *call,
			   const int64_t args[6], uint32_t count, const uint8_t *name,
			   uint32_t name_length)
{
	uint32_t i;

	at = compose(text, room, at, call);
	at = compose(text, room, at, "(");
	if (name_length) {
		at = compose(text, room, at, "\"");
		at = compose_bytes(text, room, at, (const char *)name,
				   name_length < SHOWN ? name_length : SHOWN);
		at = compose(text, room, at, "\"");
		count = 0;
	}
	for (i = 0; i < count && i < 3; i++) {
		at = compose(text, room, at, i ? ", " : "");
		at = compose(text, room, at, args[i] < 0 ? "-" : "");
		at = compose_number(text, room, at, (uint64_t)(args[i] < 0 ? -args[i] : args[i]));
	}
	return compose(text, room, at, ")");
}

static __attribute__((noreturn)) void fail(const char *text)
{
	sched_fail(thread_state.lane, VERDICT_DIVERGED, text);
}

/* Tells what was asked, and what the recording has there; `what` is between them. */
static __attribute__((noreturn)) void differ(const struct answers_row *row, long number,
					     const long a[6], const char *what,
					     const struct record_answer *record)
{
	static uint8_t name[2 * NAME_KEPT + 1];
	const struct answers_row *there = record ? answers_row(record->call) : NULL;
	char text[512];
	int64_t args[6];
	size_t at;
	uint32_t i;

	for (i = 0; i < 6; i++)
		args[i] = i < row->count && is_value(row, number, a, i) ? value_of(a[i]) : 0;
	at = compose(text, sizeof text, 0, "the program asks for ");
	at = compose_call(text, sizeof text, at, row->call, args, row->count, name,
			  gather_name(row, a, name));
	at = compose(text, sizeof text, at, what);
	if (there)
		at = compose_call(text, sizeof text, at, there->call, record->args, there->count,
				  record->bytes, record->name_length);
	if (record && record->lane != asking())
		compose(text, sizeof text, at, " of another thread");
	fail(text);
}

/* What a child wrote to a standard stream of the program that is still there. */
static void show_child(const struct record_answer *record)
{
	const uint8_t *bytes = record->bytes + record->name_length + record->sent_length;

	if (record->call == SYS_write && descriptors_kind(record->args[0]) == DESCRIPTOR_STREAM)
		effects_output(record->args[0], bytes, record->got_length);
}

/* The next record of the tape; NULL at its end. Blocks until the CLI has put one there. */
static const struct record_answer *look(void)
{
	struct region_tape *tape = &region->tape;

	for (;;) {
		uint32_t seen = __atomic_load_n(&tape->news, __ATOMIC_SEQ_CST);
		uint64_t head = __atomic_load_n(&tape->head, __ATOMIC_SEQ_CST);
		const struct record_head *record =
			(const struct record_head *)(tape->bytes +
						     (tape->tail & (REGION_TAPE_BYTES - 1)));

		if (head != tape->tail && record->type == RECORD_ANSWER &&
		    (((const struct record_answer *)record)->flags & ANSWER_CHILD))
			show_child((const struct record_answer *)record);
		else if (head != tape->tail && record->type == RECORD_ANSWER)
			return (const struct record_answer *)record;
		if (head != tape->tail) {
			tape->taken += record->type == RECORD_ANSWER;
			__atomic_store_n(&tape->tail, tape->tail + record->size, __ATOMIC_SEQ_CST);
			continue;
		}
		if (__atomic_load_n(&tape->ended, __ATOMIC_SEQ_CST))
			return NULL;
		__atomic_store_n(&tape->waiting, 1, __ATOMIC_SEQ_CST);
		log_ring_doorbell();
		raw(SYS_futex, &tape->news, FUTEX_WAIT, seen, 0, 0, 0);
	}
}

static void read_record(const struct record_answer *record)
{
	uint32_t before = (uint32_t)record->name_length + record->sent_length;

	stream.in = record;
	stream.from = record->bytes + before;
	stream.left = record->got_length;
}

static void next_record(void)
{
	struct region_tape *tape = &region->tape;

	__atomic_store_n(&tape->tail, tape->tail + stream.in->head.size, __ATOMIC_SEQ_CST);
	tape->taken++;
	stream.in = NULL;
}

static void give_piece(void *self, void *bytes_, uint64_t length)
{
	const struct record_answer *record;
	uint8_t *bytes = bytes_;
	uint32_t n;

	(void)self;
	while (length && !stream.short_of) {
		if (!stream.left) {
			bool more = stream.in->flags & ANSWER_MORE;

			if (more)
				next_record();
			record = more ? look() : NULL;
			if (!record || !(record->flags & ANSWER_NEXT) || !record->got_length) {
				stream.short_of = true;
				return;
			}
			read_record(record);
		}
		n = length < stream.left ? (uint32_t)length : stream.left;
		memcpy(bytes, stream.from, n);
		stream.from += n;
		stream.left -= n;
		bytes += n;
		length -= n;
	}
}

/* Most are ints, whose upper halves are whatever was in the register: these are not compared. */
static bool same_args(const struct answers_row *row, long number, const long a[6],
		      const struct record_answer *record)
{
	uint32_t i;

	for (i = 0; i < row->count; i++)
		if (is_value(row, number, a, i) && (int32_t)record->args[i] != (int32_t)a[i])
			return false;
	return true;
}

/* Below /proc names hold ids of processes, which differ. */
static bool same_name(const struct answers_row *row, const long a[6],
		      const struct record_answer *record)
{
	static uint8_t name[2 * NAME_KEPT + 1];
	uint32_t length = gather_name(row, a, name);

	if (length > 6 && memcmp(name, "/proc/", 6) == 0)
		return true;
	return length == record->name_length && memcmp(name, record->bytes, length) == 0;
}

static bool same_sent(const struct answers_row *row, const long a[6],
		      const struct record_answer *record)
{
	static struct sent sent;
	uint32_t kept;

	gather_sent(&sent, row, a);
	kept = (uint32_t)(sent.length < SENT_KEPT ? sent.length : SENT_KEPT);
	return kept == record->sent_length &&
	       memcmp(sent.bytes, record->bytes + record->name_length, kept) == 0 &&
	       record->sent_hash == (sent.length > SENT_KEPT ? sent.hash : 0);
}

static void compare(unsigned flags, const struct answers_row *row, long number, const long a[6],
		    const struct record_answer *record)
{
	if (!record)
		differ(row, number, a,
		       region->tape.ended == 2 ? ", but the recording cannot be read from here on"
					       : ", but the recording has no more input",
		       NULL);
	if (record->call != number || record->lane != asking() || (record->flags & ANSWER_NEXT) ||
	    (record->flags & ANSWER_ASKED) != (flags & ANSWER_ASKED) ||
	    !same_args(row, number, a, record))
		differ(row, number, a, ", the recording has ", record);
	if (record->result == -EFAULT)
		return;
	if (!same_name(row, a, record))
		differ(row, number, a, ", the recording has ", record);
	if (!(record->flags & ANSWER_REDACTED) && !same_sent(row, a, record))
		differ(row, number, a, " with other contents than in the recording", NULL);
}

static long give(unsigned flags, const struct answers_row *row, long number, const long a[6])
{
	const struct record_answer *record;
	long result;

	if (row->sort == ANSWERS_ABSENT)
		return -ENOSYS;
	if (effects_unrecorded(row, number, a))
		return unrecorded(row, number, a);
	record = look();
	compare(flags, row, number, a, record);
	result = record->result;
	read_record(record);
	stream.short_of = false;
	answers_before(row, a);
	if (!contents_give(row, number, a, &result, record->flags, give_piece) &&
	    !answers_got(row, number, a, result, true, give_piece, NULL))
		stream.short_of = true;
	if (stream.short_of || stream.left || (stream.in->flags & ANSWER_MORE))
		differ(row, number, a, ", and the recorded answer does not fit", NULL);
	next_record();
	effects_known(row, number, a, result);
	return result;
}

long tape_call(unsigned flags, long number, const long a[6])
{
	const struct answers_row *row = answers_row(number);

	if (tape_mode == TAPE_OFF || !row || !thread_state.lane)
		return raw_syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return tape_mode == TAPE_GIVE ? give(flags, row, number, a)
				      : call_and_keep(flags, row, number, a);
}

bool tape_taken(long number, const long a[6], long *result)
{
	const struct answers_row *row = answers_row(number);

	if (!tape_giving() || !row)
		return false;
	*result = give(0, row, number, a);
	return true;
}

void tape_keep(long number, const long a[6], long result)
{
	const struct answers_row *row = answers_row(number);

	if (tape_mode == TAPE_KEEP && row)
		keep(0, row, number, a, result);
}

void tape_needs_outside(struct lane *me, const char *text)
{
	static bool said;

	if (tape_mode != TAPE_KEEP || said)
		return;
	said = true;
	log_note(NOTE_LIVE, me->number, text);
}

uint32_t tape_left(void)
{
	return stream.left;
}

void tape_refuse(const char *what, const char *path, const char *why)
{
	char text[512];
	size_t at = compose(text, sizeof text, 0, what);

	at = compose(text, sizeof text, at, path);
	compose(text, sizeof text, at, why);
	fail(text);
}
