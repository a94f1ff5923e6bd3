/*
 * See the header.
 */
#include "tests/unit/made_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/hash.h"

#define OPTIONS 16

uint64_t made_lane_id(uint32_t lane)
{
	return hash_id(1, lane, 0);
}

uint64_t made_object_id(uint32_t object)
{
	return hash_id(2, object, 0);
}

void made_lane(struct run_log *log, uint32_t number, uint32_t parent)
{
	struct record_lane record = {
		.number = number,
		.parent = parent,
		.slot = number - 1,
		.id_hash = made_lane_id(number),
	};

	run_log_sink.lane(log, &record, NULL);
}

struct run_log *made_log(uint32_t lanes)
{
	struct run_log *log = run_log_new();
	uint32_t i;

	for (i = 1; i <= lanes; i++)
		made_lane(log, i, i > 1);
	return log;
}

static void object(struct run_log *log, uint32_t number, unsigned class, uint32_t lane)
{
	struct record_object record = {
		.number = number,
		.class = (uint8_t) class,
		.kind = OBJECT_MUTEX,
		.lane = lane,
		.id_hash = made_object_id(number),
	};

	if (number && !run_log_object_id(log, number))
		run_log_sink.object(log, &record, NULL);
}

void made_lane_object(struct run_log *log, uint32_t number, uint32_t lane)
{
	object(log, number, OBJECT_LANE, lane);
}

static void context(struct run_log *log, uint32_t number)
{
	struct {
		struct record_context record;
		struct record_frame frame;
	} made = {
		.record = { .number = number, .count = 1 },
		.frame = { .module = 1, .offset = 0x1000 + 16 * (uint64_t)number },
	};

	if (number && !run_log_site(log, number))
		run_log_sink.context(log, &made.record, NULL);
}

static void event(struct run_log *log, unsigned phase, uint32_t lane, uint64_t k, unsigned kind,
		  uint32_t first, uint32_t second, uint32_t where)
{
	struct record_event record = {
		.kind = (uint8_t)kind,
		.phase = (uint8_t)phase,
		.lane = lane,
		.k = k,
		.object = first,
		.object2 = second,
		.context = where,
	};

	object(log, first, OBJECT_STATIC, 0);
	object(log, second, OBJECT_STATIC, 0);
	context(log, where);
	run_log_sink.event(log, &record, NULL);
}

void made_event(struct run_log *log, uint32_t lane, uint64_t k, unsigned kind, uint32_t on,
		uint32_t where)
{
	event(log, PHASE_DONE, lane, k, kind, on, 0, where);
}

void made_announce(struct run_log *log, uint32_t lane, uint64_t k, unsigned kind, uint32_t on,
		   uint32_t where)
{
	event(log, PHASE_ANNOUNCED, lane, k, kind, on, 0, where);
}

void made_event2(struct run_log *log, uint32_t lane, uint64_t k, unsigned kind, uint32_t first,
		 uint32_t second, uint32_t where)
{
	event(log, PHASE_DONE, lane, k, kind, first, second, where);
}

void made_decision(struct run_log *log, unsigned kind, uint32_t lane, uint64_t k, int64_t choice,
		   const char *options)
{
	uint32_t count = (uint32_t)strlen(options), i;
	struct record_decision *record =
		calloc(1, sizeof(*record) + OPTIONS * sizeof(*record->options));

	assert_non_null(record);
	assert_true(count <= OPTIONS);
	record->kind = (uint8_t)kind;
	record->lane = lane;
	record->k = k;
	record->choice = choice;
	record->option_count = count;
	for (i = 0; i < count; i++)
		record->options[i] = (uint32_t)(options[i] - '0');
	run_log_sink.decision(log, record, NULL);
	free(record);
}

void made_offer(struct run_log *log, unsigned kind, uint32_t lane, uint64_t k, uint64_t slots)
{
	struct {
		struct record_offer record;
		uint64_t set;
	} made = {
		.record = { .kind = (uint8_t)kind, .words = 1, .lane = lane, .k = k },
		.set = slots,
	};

	run_log_sink.offer(log, &made.record, NULL);
}

void made_note(struct run_log *log, unsigned kind, const char *text)
{
	struct record_note *record = calloc(1, sizeof(*record) + strlen(text) + 1);

	assert_non_null(record);
	record->kind = kind;
	strcpy(record->text, text);
	run_log_sink.note(log, record, NULL);
	free(record);
}
