/*
 * Writes the lines of a trace from records, see trace_sink.h. Records are checked already
 * (drain.h).
 */
#include "recorder/trace_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/answer_sink.h"
#include "recorder/block_names.h"
#include "recorder/ids.h"
#include "recorder/locations.h"
#include "recorder/naming.h"
#include "recorder/race_text.h"
#include "recorder/text.h"
#include "recorder/words.h"

#define LANE_DEPTH_MAX 256 /* levels of creation that an id spells out */
#define ID_MAX 4352

/* Where a lane comes from: enough to spell its id. */
struct lane_path {
	uint32_t parent;
	uint32_t index;
};

struct trace_sink {
	struct trace_writer *writer;
	struct locations *locations;
	struct answer_sink *answers;
	struct redact *redact;
	struct pack *pack;
	struct block_names *blocks;
	struct lane_path *lanes; /* by number */
	uint32_t lanes_size;
	struct trace_sink_counts counts;
	char **texts; /* by number */
	uint32_t texts_size;
	char **locks; /* what people call them, by number of the object */
	uint32_t locks_size;
	char number[64];          /* text of the next event, if it is one of numbers */
	struct trace_event event; /* the next one; what no record has stays empty */
	void (*note)(void *self, const char *kind, const char *text);
	void *note_self;
};

#define BLOCK "/block." /* in the id of a variable in allocated memory */

static const char *const note_kinds[NOTE_KIND_COUNT] = {
	[NOTE_INFO] = "info",       [NOTE_UNCONTROLLED] = "uncontrolled",
	[NOTE_INEXACT] = "inexact", [NOTE_LIVE] = "live",
	[NOTE_RACE] = "race",
};

struct trace_sink *trace_sink_new(struct trace_writer *writer)
{
	struct trace_sink *sink = alloc_check(calloc(1, sizeof(*sink)));

	sink->writer = writer;
	sink->locations = locations_new(writer);
	sink->answers = answer_sink_new(writer);
	sink->blocks = block_names_new(locations_symbols(sink->locations));
	return sink;
}

void trace_sink_free(struct trace_sink *sink)
{
	uint32_t i;

	if (!sink)
		return;
	block_names_free(sink->blocks);
	locations_free(sink->locations);
	answer_sink_free(sink->answers);
	for (i = 0; i < sink->texts_size; i++)
		free(sink->texts[i]);
	free(sink->texts);
	for (i = 0; i < sink->locks_size; i++)
		free(sink->locks[i]);
	free(sink->locks);
	free(sink->lanes);
	free(sink);
}

uint32_t trace_sink_address(struct trace_sink *sink, uint64_t address, unsigned flags)
{
	return locations_address(sink->locations, address, flags);
}

void trace_sink_redact(struct trace_sink *sink, struct redact *redact)
{
	sink->redact = redact;
	answer_sink_redact(sink->answers, redact);
}

void trace_sink_pack(struct trace_sink *sink, struct pack *pack)
{
	sink->pack = pack;
}

void trace_sink_listen(struct trace_sink *sink,
		       void (*note)(void *self, const char *kind, const char *text), void *self)
{
	sink->note = note;
	sink->note_self = self;
}

const struct trace_sink_counts *trace_sink_counts(const struct trace_sink *sink)
{
	return &sink->counts;
}

/* What the writer said, as a drain's error. */
static int written(int rc, struct err *err)
{
	if (rc >= 0)
		return 0;
	return err_set(err, -rc, "cannot write the trace: %s", strerror(-rc));
}

/* Spells the id of a lane, "1.2.1"; the outermost levels of a very deep one are cut. "" for 0. */
static void lane_id(const struct trace_sink *sink, uint32_t number, char id[ID_MAX])
{
	uint32_t index[LANE_DEPTH_MAX];
	char parent[ID_MAX];
	size_t depth = 0;
	struct text text;

	while (number && number < sink->lanes_size && depth < LANE_DEPTH_MAX) {
		index[depth++] = sink->lanes[number].index;
		number = sink->lanes[number].parent;
	}
	text_init(&text, id, ID_MAX);
	while (depth) {
		memcpy(parent, id, text.len + 1);
		text_reset(&text);
		ids_lane(&text, *parent ? parent : NULL, index[--depth]);
	}
}

/* A value that is no text yet: a change, or one in which something may have to be overwritten. */
static void put_number(struct trace_sink *sink, const struct record_event *record)
{
	struct text text;

	text_init(&text, sink->number, sizeof(sink->number));
	if (record->has_value == EVENT_VALUE_CHANGE)
		words_change(&text, record->value);
	else
		text_addf(&text, "%lld", (long long)record->value);
	redact_bytes(sink->redact, sink->number, text.len);
	sink->event.value.type = TRACE_VALUE_NONE;
	sink->event.text = sink->number;
	sink->event.text_len = text.len;
}

/* For every event: filling in is much cheaper than clearing a structure each time. */
static int put_event(void *self, const struct record_event *record, struct err *err)
{
	struct trace_sink *sink = self;
	struct trace_event *event = &sink->event;
	int rc;

	event->kind = record->kind;
	event->phase = record->phase;
	event->process = record->process;
	event->lane = record->lane;
	event->k = record->k;
	event->object = record->object;
	event->object2 = record->object2;
	event->context = record->context;
	event->result = record->result;
	event->value.type = record->has_value == EVENT_VALUE_INT ? TRACE_VALUE_INT
								 : TRACE_VALUE_NONE;
	event->value.number = record->value;
	event->text = NULL;
	if (__builtin_expect(record->has_value == EVENT_VALUE_TEXT, 0)) {
		event->text = sink->texts[record->value];
		event->text_len = strlen(event->text);
	} else if (record->has_value == EVENT_VALUE_CHANGE ||
		   (sink->redact && record->has_value == EVENT_VALUE_INT &&
		    naming_has_value(record->kind))) {
		put_number(sink, record);
	}
	rc = trace_writer_event(sink->writer, event);
	return __builtin_expect(rc != 0, 0) ? written(rc, err) : 0;
}

static int put_decision(void *self, const struct record_decision *record, struct err *err)
{
	struct trace_sink *sink = self;
	const struct trace_decision decision = {
		.kind = record->kind,
		.lane = record->lane,
		.k = record->k,
		.at = record->context,
		.n = record->visit,
		.from = record->options,
		.from_n = record->option_count,
		.to = record->choice,
		.forced = record->forced,
	};

	return written(trace_writer_decision(sink->writer, &decision), err);
}

static int put_lane(void *self, const struct record_lane *record, struct err *err)
{
	struct trace_sink *sink = self;
	struct trace_lane lane = {
		.number = record->number,
		.process = record->process,
		.parent = record->parent,
		.name = *record->name ? record->name : NULL,
	};
	char id[ID_MAX];

	if (record->number >= sink->lanes_size) {
		uint32_t size = sink->lanes_size ? sink->lanes_size : 64;

		while (size <= record->number)
			size *= 2;
		sink->lanes = alloc_check(reallocarray(sink->lanes, size, sizeof(*sink->lanes)));
		memset(sink->lanes + sink->lanes_size, 0,
		       (size - sink->lanes_size) * sizeof(*sink->lanes));
		sink->lanes_size = size;
	}
	if (!sink->lanes[record->number].index)
		sink->counts.lanes++;
	/* A parent has a smaller number, so no chain of parents can be a ring. */
	sink->lanes[record->number].parent = record->parent < record->number ? record->parent : 0;
	sink->lanes[record->number].index = record->index;
	lane_id(sink, record->number, id);
	lane.id = id;
	if (record->start)
		lane.start = locations_number(sink->locations, record->start_module,
					      record->start_offset, 0);
	return written(trace_writer_lane(sink->writer, &lane), err);
}

/* The variable, else what the runtime calls it ("pipe"), unless that is its id already. */
static const char *object_name(struct trace_sink *sink, const struct record_object *record)
{
	if (record->kind == OBJECT_VARIABLE && record->class == OBJECT_INIT)
		return record->module && *record->name
			       ? symbols_local(locations_symbols(sink->locations), record->module,
					       record->offset - 1, strtoull(record->name, NULL, 10))
			       : NULL;
	if (record->class == OBJECT_STATIC || (record->kind == OBJECT_VARIABLE && record->module))
		return locations_data(sink->locations, record->module, record->offset);
	if (record->kind == OBJECT_VARIABLE && record->class == OBJECT_NAMED && record->context &&
	    strstr(record->name, BLOCK))
		return block_names_of(sink->blocks, record->context, record->offset);
	return record->class != OBJECT_NAMED && *record->name ? record->name : NULL;
}

/* Room for text `number`. */
static char **texts_for(char **texts, uint32_t *size, uint32_t number)
{
	uint32_t before = *size;

	if (number < before)
		return texts;
	for (*size = before ? before : 64; *size <= number;)
		*size *= 2;
	texts = alloc_check(reallocarray(texts, *size, sizeof(*texts)));
	memset(texts + before, 0, (*size - before) * sizeof(*texts));
	return texts;
}

static int put_object(void *self, const struct record_object *record, struct err *err)
{
	struct trace_sink *sink = self;
	char id[ID_MAX + 64], lane[ID_MAX];
	const struct trace_object object = {
		.number = record->number,
		.id = id,
		.kind = ids_kind_name(record->kind),
		.name = object_name(sink, record),
		.context = record->context,
		.address = record->address,
		.provisional = ids_is_provisional(record),
	};
	struct text text;

	lane_id(sink, record->lane, lane);
	text_init(&text, id, sizeof(id));
	ids_object(&text, record, locations_module_path(sink->locations, record->module), lane);
	if (ids_is_lock(record->kind)) {
		sink->locks = texts_for(sink->locks, &sink->locks_size, record->number);
		free(sink->locks[record->number]);
		sink->locks[record->number] = alloc_check(strdup(object.name ? object.name : id));
	}
	return written(trace_writer_object(sink->writer, &object), err);
}

static int put_context(void *self, const struct record_context *record, struct err *err)
{
	struct trace_sink *sink = self;
	uint32_t frames[RECORD_MAX / sizeof(struct record_frame)];
	struct trace_context context = {
		.number = record->number,
		.frames = frames,
		.frames_n = record->count,
	};

	locations_frames(sink->locations, record, frames);
	block_names_context(sink->blocks, record);
	return written(trace_writer_context(sink->writer, &context), err);
}

static int put_module(void *self, const struct record_module *record, struct err *err)
{
	struct trace_sink *sink = self;

	pack_add(sink->pack, record->path, strlen(record->path));
	return written(locations_module(sink->locations, record), err);
}

static int put_code(void *self, const struct record_code *record, struct err *err)
{
	struct trace_sink *sink = self;

	(void)err;
	locations_code(sink->locations, record);
	return 0;
}

static int put_text(void *self, const struct record_text *record, struct err *err)
{
	struct trace_sink *sink = self;

	(void)err;
	sink->texts = texts_for(sink->texts, &sink->texts_size, record->number);
	free(sink->texts[record->number]);
	sink->texts[record->number] = alloc_check(strdup(record->text));
	redact_bytes(sink->redact, sink->texts[record->number], strlen(record->text));
	return 0;
}

static int put_answer(void *self, const struct record_answer *record, struct err *err)
{
	struct trace_sink *sink = self;
	size_t before = (size_t)record->name_length + record->sent_length;

	/* Of an opening what came in is the path; of others it has a NUL somewhere. */
	if (record->flags & ANSWER_REFERENCE)
		pack_add(sink->pack, (const char *)record->bytes + before, record->got_length);
	return written(answer_sink_put(sink->answers, record), err);
}

static int put_note(void *self, const struct record_note *record, struct err *err)
{
	struct trace_sink *sink = self;

	sink->counts.uncontrolled += record->kind == NOTE_UNCONTROLLED;
	sink->counts.inexact += record->kind == NOTE_INEXACT;
	sink->counts.live += record->kind == NOTE_LIVE;
	if (sink->note)
		sink->note(sink->note_self, note_kinds[record->kind], record->text);
	return written(trace_writer_note(sink->writer, note_kinds[record->kind], record->text),
		       err);
}

static void add_lock(void *self, struct text *text, uint32_t object)
{
	struct trace_sink *sink = self;

	text_add_clean(text, object < sink->locks_size && sink->locks[object] ? sink->locks[object]
									      : "a lock");
}

/* A note, so that it can be read where the program is not. */
static int put_race(void *self, const struct record_race *record, struct err *err)
{
	struct trace_sink *sink = self;
	const struct race_words words = {
		.symbols = locations_symbols(sink->locations),
		.blocks = sink->blocks,
		.lock = add_lock,
		.self = sink,
	};
	char space[RACE_TEXT];
	struct text text;

	text_init(&text, space, sizeof(space));
	race_text(&text, record, &words);
	if (sink->note)
		sink->note(sink->note_self, note_kinds[NOTE_RACE], space);
	return written(trace_writer_note(sink->writer, note_kinds[NOTE_RACE], space), err);
}

const struct drain_sink trace_sink_table = {
	.event = put_event,
	.decision = put_decision,
	.lane = put_lane,
	.object = put_object,
	.context = put_context,
	.module = put_module,
	.note = put_note,
	.race = put_race,
	.code = put_code,
	.text = put_text,
	.answer = put_answer,
};
