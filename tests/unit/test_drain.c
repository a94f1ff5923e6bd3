/*
 * The drain: good records arrive whole and in order, also over the end of the ring; everything a
 * broken or hostile target could write is refused before the sink sees it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/event.h"
#include "formats/record_brief.h"
#include "recorder/drain.h"
#include "recorder/region.h"

struct seen {
	struct region_handle handle;
	struct drain *drain;
	unsigned lanes, objects, contexts, modules, notes, decisions, codes, texts, answers, events;
	uint64_t last_k;
	int refuse; /* error that the sink returns for an event */
};

static int see_event(void *self, const struct record_event *event, struct err *err)
{
	struct seen *seen = self;

	seen->events++;
	seen->last_k = event->k;
	return seen->refuse ? err_set(err, seen->refuse, "refused") : 0;
}

#define SEE(what)                                                                              \
	static int see_##what(void *self, const struct record_##what *record, struct err *err) \
	{                                                                                      \
		(void)record;                                                                  \
		(void)err;                                                                     \
		((struct seen *)self)->what##s++;                                              \
		return 0;                                                                      \
	}
SEE(lane)
SEE(object)
SEE(context)
SEE(module)
SEE(note)
SEE(decision)
SEE(code)
SEE(text)
SEE(answer)

static const struct drain_sink sink = {
	.event = see_event,
	.decision = see_decision,
	.lane = see_lane,
	.object = see_object,
	.context = see_context,
	.module = see_module,
	.note = see_note,
	.code = see_code,
	.text = see_text,
	.answer = see_answer,
};

static int set_up(void **state)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen || region_create(&seen->handle, NULL))
		return -1;
	seen->drain = drain_new(seen->handle.map, &sink, seen);
	*state = seen;
	return 0;
}

static int tear_down(void **state)
{
	struct seen *seen = *state;

	drain_free(seen->drain);
	region_destroy(&seen->handle);
	free(seen);
	return 0;
}

/* Appends bytes as the target does, without a thought for the end of the ring. */
static void put(struct seen *seen, const void *record, uint32_t size)
{
	struct region_ring *ring = &seen->handle.map->ring[0];

	memcpy(ring->bytes + ring->head % REGION_RING_BYTES, record, size);
	ring->head += size;
}

static void put_lane(struct seen *seen, uint32_t number)
{
	struct record_lane lane = { .head = { RECORD_LANE, 0, sizeof(lane) }, .number = number };

	put(seen, &lane, sizeof(lane));
}

static struct record_event event_of(uint32_t lane, uint64_t k)
{
	return (struct record_event){
		.head = { RECORD_EVENT, 0, sizeof(struct record_event) },
		.kind = EVENT_YIELD,
		.lane = lane,
		.k = k,
	};
}

/* The next step fails as corrupt, the sink has seen no event, and the error stays. */
static void assert_refused(struct seen *seen)
{
	struct err err = { 0 };

	assert_int_equal(drain_step(seen->drain, &err), -DRAIN_ERR_CORRUPT);
	assert_true(strlen(err.text) > 10);
	assert_int_equal(seen->events, 0);
	assert_int_equal(drain_step(seen->drain, NULL), -DRAIN_ERR_CORRUPT);
}

static void short_events_are_checked(void **state)
{
	struct seen *seen = *state;
	struct record_brief brief = {
		.head = { RECORD_BRIEF,
			  record_brief_form(EVENT_LOAD, PHASE_DONE, 1, EVENT_VALUE_INT),
			  BRIEF_BYTES(EVENT_VALUE_INT) },
		.who = record_brief_who(1, 0),
	};

	put(seen, &brief, sizeof(brief));
	assert_refused(seen); /* of a lane that there is not */
	tear_down(state);
	assert_int_equal(set_up(state), 0);
	seen = *state;
	put_lane(seen, 1);
	put(seen, &brief, sizeof(brief));
	assert_true(drain_step(seen->drain, NULL) > 0);
	assert_int_equal(seen->events, 1);
	brief.head.size -= 8; /* but it says that it has a value */
	put(seen, &brief, sizeof(brief) - 8);
	assert_int_equal(drain_step(seen->drain, NULL), -DRAIN_ERR_CORRUPT);
}

static void records_arrive_in_order_over_the_end(void **state)
{
	struct seen *seen = *state;
	struct region_ring *ring = &seen->handle.map->ring[0];
	uint64_t k = 0, rounds = 3ull * REGION_RING_BYTES / sizeof(struct record_event);
	struct err err;

	put_lane(seen, 1);
	while (k < rounds) {
		uint32_t to_end = REGION_RING_BYTES - (uint32_t)(ring->head % REGION_RING_BYTES);
		struct record_event event = event_of(1, k);

		if (ring->head - ring->tail + 2 * sizeof(event) + to_end > REGION_RING_BYTES ||
		    k % 1000 == 999) {
			assert_true(drain_step(seen->drain, &err) > 0);
			assert_int_equal(ring->tail, ring->head);
			assert_int_equal(seen->events, k);
		}
		if (to_end < sizeof(event)) {
			struct record_head pad = { RECORD_PAD, 0, to_end };

			put(seen, &pad, sizeof(pad));
			ring->head += to_end - sizeof(pad);
		}
		put(seen, &event, sizeof(event));
		k++;
	}
	while (drain_step(seen->drain, &err) > 0)
		;
	assert_int_equal(seen->events, rounds);
	assert_int_equal(seen->last_k, rounds - 1);
	assert_int_equal(drain_events(seen->drain), rounds);
}

static void every_sort_of_record_arrives(void **state)
{
	struct seen *seen = *state;
	union {
		uint8_t bytes[256];
		struct record_module module;
		struct record_context context;
		struct record_object object;
		struct record_decision decision;
		struct record_note note;
	} u;
	struct record_event event = event_of(1, 0);
	struct err err;

	put_lane(seen, 1);
	put_lane(seen, 2);
	memset(&u, 0, sizeof(u));
	u.module = (struct record_module){ .head = { RECORD_MODULE, 0, sizeof(u.module) + 16 },
					   .number = 1 };
	strcpy((char *)u.bytes + sizeof(u.module), "/bin/bank");
	put(seen, &u, u.module.head.size);
	memset(&u, 0, sizeof(u));
	u.context = (struct record_context){ .head = { RECORD_CONTEXT, 0, sizeof(u.context) + 16 },
					     .number = 1,
					     .count = 1 };
	u.context.frames[0].module = 1;
	put(seen, &u, u.context.head.size);
	memset(&u, 0, sizeof(u));
	u.object = (struct record_object){ .head = { RECORD_OBJECT, 0, sizeof(u.object) + 8 },
					   .number = 1,
					   .class = OBJECT_STATIC,
					   .kind = OBJECT_MUTEX,
					   .module = 1,
					   .context = 1 };
	put(seen, &u, u.object.head.size);
	memset(&u, 0, sizeof(u));
	u.decision =
		(struct record_decision){ .head = { RECORD_DECISION, 0, sizeof(u.decision) + 8 },
					  .lane = 1,
					  .context = 1,
					  .option_count = 2 };
	u.decision.options[0] = 1;
	u.decision.options[1] = 2;
	put(seen, &u, u.decision.head.size);
	memset(&u, 0, sizeof(u));
	u.note = (struct record_note){ .head = { RECORD_NOTE, 0, sizeof(u.note) + 8 },
				       .kind = NOTE_INEXACT };
	strcpy((char *)u.bytes + sizeof(u.note), "clock");
	put(seen, &u, u.note.head.size);
	event.object = 1;
	event.context = 1;
	put(seen, &event, sizeof(event));

	assert_int_equal(drain_step(seen->drain, &err), 8);
	assert_int_equal(seen->lanes, 2);
	assert_int_equal(seen->modules, 1);
	assert_int_equal(seen->contexts, 1);
	assert_int_equal(seen->objects, 1);
	assert_int_equal(seen->decisions, 1);
	assert_int_equal(seen->notes, 1);
	assert_int_equal(seen->events, 1);
	assert_int_equal(drain_step(seen->drain, &err), 0);
}

/* Each row spoils one field of an event on the known lane 1. */
static void bad_events_are_refused(void **state)
{
	static const struct {
		size_t offset;
		uint8_t byte;
	} rows[] = {
		{ offsetof(struct record_event, kind), EVENT_NONE },
		{ offsetof(struct record_event, kind), EVENT_COUNT },
		{ offsetof(struct record_event, phase), 2 },
		{ offsetof(struct record_event, lane), 0 },
		{ offsetof(struct record_event, lane), 2 },
		{ offsetof(struct record_event, lane) + 3, 0xff },
		{ offsetof(struct record_event, object), 1 },
		{ offsetof(struct record_event, object2), 1 },
		{ offsetof(struct record_event, context), 1 },
		{ offsetof(struct record_event, process), REGION_PROCESSES },
		{ offsetof(struct record_head, size), 55 },
		{ offsetof(struct record_head, size), 48 },
		{ offsetof(struct record_head, size), 64 },
		{ offsetof(struct record_head, size), 0 },
		{ offsetof(struct record_head, size) + 3, 0x80 },
		{ offsetof(struct record_head, type), 0 },
		{ offsetof(struct record_head, type), RECORD_TYPES },
		{ offsetof(struct record_head, type) + 1, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct record_event event = event_of(1, 0);
		struct seen *seen = *state;

		((uint8_t *)&event)[rows[i].offset] = rows[i].byte;
		put_lane(seen, 1);
		put(seen, &event, sizeof(event));
		assert_refused(seen);
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

static void bad_counts_and_strings_are_refused(void **state)
{
	struct seen *seen = *state;
	union {
		uint8_t bytes[256];
		struct record_decision decision;
		struct record_context context;
		struct record_module module;
		struct record_object object;
		struct record_lane lane;
	} u[7];
	size_t i;

	memset(u, 0, sizeof(u));
	u[0].decision = (struct record_decision){ .head = { RECORD_DECISION, 0, 48 },
						  .lane = 1,
						  .option_count = 1u << 30 };
	u[1].context = (struct record_context){ .head = { RECORD_CONTEXT, 0, 16 },
						.number = 1,
						.count = 0x10000001 };
	memset(&u[2], 'x', sizeof(u[2]));
	u[2].module = (struct record_module){ .head = { RECORD_MODULE, 0, sizeof(u[2].module) + 8 },
					      .number = 1 };
	u[3].module = (struct record_module){ .head = { RECORD_MODULE, 0, sizeof(u[3].module) + 8 },
					      .number = 1,
					      .build_id_length = 33 };
	u[4].object = (struct record_object){ .head = { RECORD_OBJECT, 0, sizeof(u[4].object) + 8 },
					      .number = ~0u,
					      .class = OBJECT_FIRST,
					      .lane = 1 };
	u[5].lane = (struct record_lane){ .head = { RECORD_LANE, 0, sizeof(u[5].lane) },
					  .number = 2,
					  .parent = 3 };
	memset(&u[6], 'x', sizeof(u[6]));
	u[6].object = (struct record_object){ .head = { RECORD_OBJECT, 0, sizeof(u[6].object) + 8 },
					      .number = 1,
					      .class = OBJECT_FIRST,
					      .lane = 1 };
	for (i = 0; i < 7; i++) {
		seen = *state;
		put_lane(seen, 1);
		put(seen, &u[i], u[i].lane.head.size);
		assert_refused(seen);
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

/* A code object, with these bytes as names, and number `number`. */
static void put_code(struct seen *seen, uint32_t number, const char *names, uint32_t bytes)
{
	struct {
		struct record_code code;
		char names[64];
	} u = { .code = { .head = { RECORD_CODE, 0, sizeof(u.code) + bytes },
			  .number = number,
			  .user = 1,
			  .first_line = 5 } };

	memcpy(u.names, names, bytes);
	put(seen, &u, u.code.head.size);
}

static void put_text(struct seen *seen, uint32_t number, const char *words, uint32_t bytes)
{
	struct {
		struct record_text text;
		char words[64];
	} u = { .text = { .head = { RECORD_TEXT, 0, sizeof(u.text) + bytes }, .number = number } };

	memcpy(u.words, words, bytes);
	put(seen, &u, u.text.head.size);
}

/* A context with one frame of interpreted code. */
static void put_code_context(struct seen *seen, uint32_t code)
{
	struct {
		struct record_context context;
		struct record_frame frame;
	} u = {
		.context = { .head = { RECORD_CONTEXT, 0, sizeof(u) }, .number = 1, .count = 1 },
		.frame = { .module = code,
			   .flags = FRAME_CODE | 7u << FRAME_LINE_SHIFT,
			   .offset = 0x1234 },
	};

	put(seen, &u, sizeof(u));
}

static void interpreted_code_arrives(void **state)
{
	struct record_event event = event_of(1, 0);
	struct seen *seen = *state;
	struct err err;

	put_lane(seen, 1);
	put_code(seen, 3, "bank.py\0deposit", 16);
	put_code_context(seen, 3);
	put_text(seen, 9, "{'b':3}", 8);
	/* Each forked run counts on from the same number. */
	put_code(seen, 3, "bank.py\0audit\0\0", 16);
	put_text(seen, 9, "[1, 2]\0", 8);
	event.kind = EVENT_LOAD;
	event.context = 1;
	event.has_value = EVENT_VALUE_TEXT;
	event.value = 9;
	put(seen, &event, sizeof(event));
	assert_int_equal(drain_step(seen->drain, &err), 7);
	assert_int_equal(seen->codes, 2);
	assert_int_equal(seen->texts, 2);
	assert_int_equal(seen->contexts, 1);
	assert_int_equal(seen->events, 1);
}

/* Number and bytes of a code and a text, code of a frame, kind and number of a value. */
static void bad_code_and_text_are_refused(void **state)
{
	static const struct {
		uint32_t code;
		uint32_t code_bytes;
		uint32_t text;
		uint32_t text_bytes;
		uint32_t frame;
		uint32_t has_value;
		int64_t value;
	} rows[] = {
		{ 0, 16, 1, 8, 1, EVENT_VALUE_TEXT, 1 },
		{ 1u << 24, 16, 1, 8, 1, EVENT_VALUE_TEXT, 1 },
		{ 1, 0, 1, 8, 1, EVENT_VALUE_TEXT, 1 },
		{ 1, 8, 1, 8, 1, EVENT_VALUE_TEXT, 1 }, /* the file alone */
		{ 1, 16, 0, 8, 1, EVENT_VALUE_TEXT, 1 },
		{ 1, 16, 1u << 24, 8, 1, EVENT_VALUE_TEXT, 1 },
		{ 1, 16, 1, 0, 1, EVENT_VALUE_TEXT, 1 },
		{ 1, 16, 1, 8, 0, EVENT_VALUE_TEXT, 1 },
		{ 1, 16, 1, 8, 2, EVENT_VALUE_TEXT, 1 },
		{ 1, 16, 1, 8, 1, EVENT_VALUE_TEXT, 0 },
		{ 1, 16, 1, 8, 1, EVENT_VALUE_TEXT, 2 },
		{ 1, 16, 1, 8, 1, EVENT_VALUE_TEXT, -1 },
		{ 1, 16, 1, 8, 1, EVENT_VALUE_TEXT, (1ll << 32) + 1 },
		{ 1, 16, 1, 8, 1, EVENT_VALUE_CHANGE + 1, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct record_event event = event_of(1, 0);
		struct seen *seen = *state;

		put_lane(seen, 1);
		put_code(seen, rows[i].code, "bank.py\0deposit", rows[i].code_bytes);
		put_text(seen, rows[i].text, "[1, 2]\0", rows[i].text_bytes);
		put_code_context(seen, rows[i].frame);
		event.context = 1;
		event.has_value = rows[i].has_value;
		event.value = rows[i].value;
		put(seen, &event, sizeof(event));
		assert_refused(seen);
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

/* An answer with 3 bytes of name, `sent` and `got` of payload, and what a row of a test changes. */
static void put_answer(struct seen *seen, struct record_answer answer, uint32_t size)
{
	uint8_t bytes[RECORD_MAX] = { 0 };

	answer.head = (struct record_head){ RECORD_ANSWER, 0, size };
	memcpy(bytes, &answer, sizeof(answer));
	put(seen, bytes, size);
}

static void answers_arrive(void **state)
{
	struct seen *seen = *state;
	struct err err;

	put_lane(seen, 1);
	put_answer(seen, (struct record_answer){ .call = 999 }, 96);
	put_answer(seen,
		   (struct record_answer){
			   .lane = 1,
			   .process = REGION_PROCESSES - 1,
			   .flags = ANSWER_FLAGS,
			   .arg_count = 6,
			   .name_length = 3,
			   .sent_length = 2,
			   .got_length = sizeof(struct answer_reference),
		   },
		   96 + 32);
	put_answer(seen, (struct record_answer){ .got_length = RECORD_MAX - 96 }, RECORD_MAX);
	assert_int_equal(drain_step(seen->drain, &err), 4);
	assert_int_equal(seen->answers, 3);
}

static void bad_answers_are_refused(void **state)
{
	static const struct {
		struct record_answer answer;
		uint32_t size;
	} rows[] = {
		{ { .got_length = 9 }, 104 },
		{ { .got_length = 8 }, 112 },
		{ { .got_length = 1 }, 96 },
		{ { .name_length = UINT16_MAX }, RECORD_MAX },
		{ { .sent_length = UINT32_MAX, .got_length = 1 }, 96 },
		{ { .sent_length = UINT32_MAX - 95 }, 96 },
		{ { .arg_count = 7 }, 96 },
		{ { .flags = ANSWER_FLAGS + 1 }, 96 },
		{ { .flags = ANSWER_REFERENCE }, 96 },
		{ { .lane = 2 }, 96 },
		{ { .process = REGION_PROCESSES }, 96 },
		{ { .call = 0 }, 88 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct seen *seen = *state;

		put_lane(seen, 1);
		put_answer(seen, rows[i].answer, rows[i].size);
		assert_refused(seen);
		assert_int_equal(seen->answers, 0);
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

static void bad_positions_are_refused(void **state)
{
	struct seen *seen = *state;

	seen->handle.map->ring[0].head = REGION_RING_BYTES + 8;
	assert_refused(seen);
	tear_down(state);
	assert_int_equal(set_up(state), 0);
	seen = *state;
	seen->handle.map->ring[0].head = 12;
	assert_refused(seen);
}

/* The tail in the region is the target's to read; it cannot make us read something twice. */
static void the_tail_is_ours(void **state)
{
	struct seen *seen = *state;
	struct record_event event = event_of(1, 0);
	struct err err;

	put_lane(seen, 1);
	assert_int_equal(drain_step(seen->drain, &err), 1);
	seen->handle.map->ring[0].tail = 0;
	put(seen, &event, sizeof(event));
	assert_int_equal(drain_step(seen->drain, &err), 1);
	assert_int_equal(seen->lanes, 1);
	assert_int_equal(seen->events, 1);
}

static void random_bytes_never_pass(void **state)
{
	uint64_t seed = 0x243f6a8885a308d3ull;
	unsigned round, i;

	for (round = 0; round < 200; round++) {
		struct seen *seen = *state;
		uint64_t words[512];

		for (i = 0; i < 512; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			words[i] = seed;
		}
		/* A plausible head, so that each type's own checks are reached. */
		words[0] =
			1 + round % (RECORD_TYPES - 1) + ((uint64_t)(8 + 8 * (round % 64)) << 32);
		put_lane(seen, 1);
		put(seen, words, sizeof(words));
		assert_refused(seen);
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

static void the_sinks_error_ends_it(void **state)
{
	struct seen *seen = *state;
	struct record_event event = event_of(1, 0);
	struct err err = { 0 };

	seen->refuse = 28;
	put_lane(seen, 1);
	put(seen, &event, sizeof(event));
	put(seen, &event, sizeof(event));
	assert_int_equal(drain_step(seen->drain, &err), -28);
	assert_string_equal(err.text, "refused");
	assert_int_equal(drain_step(seen->drain, &err), -28);
	assert_int_equal(seen->events, 1);
}

static void a_waiting_writer_is_woken(void **state)
{
	struct seen *seen = *state;
	struct region_ring *ring = &seen->handle.map->ring[0];
	uint32_t space = ring->space;
	struct err err;

	put_lane(seen, 1);
	assert_int_equal(drain_step(seen->drain, &err), 1);
	assert_int_equal(ring->space, space);
	ring->waiting = 1;
	put_lane(seen, 2);
	assert_int_equal(drain_step(seen->drain, &err), 1);
	assert_int_equal(ring->space, space + 1);
}

static void wait_does_not_sleep_on_news(void **state)
{
	struct seen *seen = *state;
	struct region *region = seen->handle.map;

	assert_false(drain_wait(seen->drain, 1));
	assert_int_equal(region->header.cli_asleep, 0);
	region->mailbox.state = 1;
	assert_true(drain_wait(seen->drain, 10));
	region->mailbox.state = 0;
	region->ring[0].head = REGION_RING_BYTES / 8;
	assert_true(drain_wait(seen->drain, 10));
}

#define WITH_DRAIN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DRAIN(short_events_are_checked),
		WITH_DRAIN(records_arrive_in_order_over_the_end),
		WITH_DRAIN(every_sort_of_record_arrives),
		WITH_DRAIN(bad_events_are_refused),
		WITH_DRAIN(bad_counts_and_strings_are_refused),
		WITH_DRAIN(interpreted_code_arrives),
		WITH_DRAIN(bad_code_and_text_are_refused),
		WITH_DRAIN(answers_arrive),
		WITH_DRAIN(bad_answers_are_refused),
		WITH_DRAIN(bad_positions_are_refused),
		WITH_DRAIN(the_tail_is_ours),
		WITH_DRAIN(random_bytes_never_pass),
		WITH_DRAIN(the_sinks_error_ends_it),
		WITH_DRAIN(a_waiting_writer_is_woken),
		WITH_DRAIN(wait_does_not_sleep_on_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
