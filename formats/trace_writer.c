/*
 * The writer of trace files: lines are gathered in a buffer, and a full buffer becomes a zstd frame
 * and one write(2). See the header for what it promises when something fails.
 */
#include "formats/trace_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/trace_index.h"
#include "formats/trace_pack.h"

enum {
	FRAME_BYTES = 256 << 10,
	FRAME_LINES = 64 << 10,
};

enum stage { STAGE_NEW, STAGE_LINES, STAGE_OUTCOME };

struct trace_writer {
	enum stage stage;
	struct trace_pack pack;
	struct json_out lines;      /* of the current frame */
	struct trace_index_row row; /* what they are */
	struct trace_lane_k lane_k;
	uint64_t events;
	uint64_t decisions;
	struct json_out tail; /* the outcome line */
};

static void writer_free(struct trace_writer *w)
{
	trace_pack_fini(&w->pack);
	json_out_fini(&w->lines);
	json_out_fini(&w->tail);
	trace_lane_k_fini(&w->lane_k);
	free(w);
}

struct trace_writer *trace_writer_open(const char *path, int level, struct err *err)
{
	struct trace_writer *w = calloc(1, sizeof(*w));

	if (!w) {
		err_set(err, ENOMEM, "cannot create %s: %s", path, strerror(ENOMEM));
		return NULL;
	}
	json_out_init(&w->lines);
	json_out_init(&w->tail);
	trace_lane_k_init(&w->lane_k);
	if (trace_pack_init(&w->pack, path, level, err)) {
		writer_free(w);
		return NULL;
	}
	return w;
}

static int out_of_memory(struct trace_writer *w)
{
	return trace_pack_fail(&w->pack, ENOMEM, "write");
}

/* The lines gathered so far become a frame of the file. */
static int frame_end(struct trace_writer *w)
{
	int rc = trace_pack_frame(&w->pack, &w->lines, &w->row);

	json_out_reset(&w->lines);
	memset(&w->row, 0, sizeof(w->row));
	trace_lane_k_reset(&w->lane_k);
	return rc;
}

/* May a line be written now? */
static inline int line_begin(struct trace_writer *w)
{
	if (w->pack.err.code)
		return -w->pack.err.code;
	return w->stage == STAGE_LINES ? 0 : -EINVAL;
}

/* A line went into the buffer, from `start` on. */
static inline int line_end(struct trace_writer *w, enum trace_line_type type, size_t start)
{
	if (w->lines.error)
		return out_of_memory(w);
	if (w->lines.len - start > TRACE_LINE_MAX) {
		w->lines.len = start;
		return -E2BIG;
	}
	w->row.types |= TRACE_LINE_BIT(type);
	if (++w->row.lines >= FRAME_LINES || w->lines.len >= FRAME_BYTES)
		return frame_end(w);
	return 0;
}

int trace_writer_event(struct trace_writer *w, const struct trace_event *event)
{
	size_t start = w->lines.len;
	int rc = line_begin(w);

	if (!rc)
		rc = trace_put_event(&w->lines, &w->lane_k, event);
	if (rc)
		return rc == -ENOMEM ? out_of_memory(w) : rc;
	w->row.events++;
	w->events++;
	return line_end(w, TRACE_LINE_EVENT, start);
}

int trace_writer_decision(struct trace_writer *w, const struct trace_decision *decision)
{
	size_t start = w->lines.len;
	int rc = line_begin(w);

	if (!rc)
		rc = trace_put_decision(&w->lines, &w->lane_k, decision);
	if (rc)
		return rc == -ENOMEM ? out_of_memory(w) : rc;
	w->row.decisions++;
	w->decisions++;
	return line_end(w, TRACE_LINE_DECISION, start);
}

int trace_writer_answer(struct trace_writer *w, const struct trace_answer *answer)
{
	size_t start = w->lines.len;
	int rc = line_begin(w);

	if (!rc)
		rc = trace_put_answer(&w->lines, answer);
	if (rc)
		return rc == -ENOMEM ? out_of_memory(w) : rc;
	return line_end(w, TRACE_LINE_ANSWER, start);
}

static bool number_fits(uint32_t number)
{
	return number && number <= TRACE_NUMBER_MAX;
}

int trace_writer_module(struct trace_writer *w, const struct trace_module *module)
{
	size_t start = w->lines.len;
	int rc = number_fits(module->number) ? line_begin(w) : -EINVAL;

	if (rc)
		return rc;
	trace_put_module(&w->lines, module);
	return line_end(w, TRACE_LINE_MODULE, start);
}

int trace_writer_location(struct trace_writer *w, const struct trace_location *location)
{
	size_t start = w->lines.len;
	int rc = number_fits(location->number) ? line_begin(w) : -EINVAL;

	if (!rc && location->inlined_n > TRACE_FRAMES_MAX)
		rc = -E2BIG;
	if (rc)
		return rc;
	trace_put_location(&w->lines, location);
	return line_end(w, TRACE_LINE_LOCATION, start);
}

int trace_writer_context(struct trace_writer *w, const struct trace_context *context)
{
	size_t start = w->lines.len;
	int rc = number_fits(context->number) ? line_begin(w) : -EINVAL;

	if (!rc && context->frames_n > TRACE_FRAMES_MAX)
		rc = -E2BIG;
	if (rc)
		return rc;
	trace_put_context(&w->lines, context);
	return line_end(w, TRACE_LINE_CONTEXT, start);
}

int trace_writer_lane(struct trace_writer *w, const struct trace_lane *lane)
{
	size_t start = w->lines.len;
	int rc = lane->number && lane->number <= TRACE_LANE_MAX ? line_begin(w) : -EINVAL;

	if (rc)
		return rc;
	trace_put_lane(&w->lines, lane);
	return line_end(w, TRACE_LINE_LANE, start);
}

int trace_writer_object(struct trace_writer *w, const struct trace_object *object)
{
	size_t start = w->lines.len;
	int rc = number_fits(object->number) ? line_begin(w) : -EINVAL;

	if (rc)
		return rc;
	trace_put_object(&w->lines, object);
	return line_end(w, TRACE_LINE_OBJECT, start);
}

int trace_writer_note(struct trace_writer *w, const char *kind, const char *text)
{
	size_t start = w->lines.len;
	int rc = line_begin(w);

	if (rc)
		return rc;
	json_object_begin(&w->lines);
	json_key(&w->lines, "note");
	json_string(&w->lines, text);
	json_key(&w->lines, "kind");
	json_string(&w->lines, kind);
	json_object_end(&w->lines);
	json_newline(&w->lines);
	return line_end(w, TRACE_LINE_NOTE, start);
}

/* Depth and number of values of a tree that json_cjson() is to write. */
static bool tree_fits(const cJSON *item, unsigned depth, unsigned *values)
{
	const cJSON *child;

	if (depth > TRACE_DEPTH_MAX || ++*values > TRACE_VALUES_MAX)
		return false;
	cJSON_ArrayForEach (child, item) {
		if (!tree_fits(child, depth + 1, values))
			return false;
	}
	return true;
}

/* `fields` may be left out; depth is counted from the line's own object. */
static int fields_check(const cJSON *fields)
{
	unsigned values = 16; /* what the writer adds itself */

	if (!fields)
		return 0;
	if (!cJSON_IsObject(fields))
		return -EINVAL;
	/* Bytes that are not UTF-8 become an object, one level deeper. */
	return tree_fits(fields, 2, &values) ? 0 : -E2BIG;
}

int trace_writer_line(struct trace_writer *w, const cJSON *line)
{
	const char *key = cJSON_IsObject(line) && line->child ? line->child->string : NULL;
	enum trace_line_type type;
	size_t start = w->lines.len;
	int rc = line_begin(w);

	if (!rc)
		rc = key ? fields_check(line) : -EINVAL;
	for (type = 0; !rc && type < TRACE_LINE_OTHER; type++)
		if (!strcmp(key, trace_line_key(type)))
			break;
	if (!rc && type < TRACE_LINE_OTHER && type != TRACE_LINE_NOTE)
		rc = -EINVAL;
	if (rc)
		return rc;
	json_cjson(&w->lines, line);
	json_newline(&w->lines);
	return line_end(w, type, start);
}

int trace_writer_header(struct trace_writer *w, const cJSON *fields)
{
	struct json_out *out = &w->lines;
	int rc = w->pack.err.code ? -w->pack.err.code : fields_check(fields);

	if (!rc && w->stage != STAGE_NEW)
		rc = -EINVAL;
	if (rc)
		return rc;
	json_object_begin(out);
	json_key(out, "frontrun");
	json_string(out, "header");
	json_key(out, "format");
	json_array_begin(out);
	json_int(out, TRACE_FORMAT_MAJOR);
	json_int(out, TRACE_FORMAT_MINOR);
	json_array_end(out);
	json_key(out, "requires");
	json_array_begin(out);
	json_array_end(out);
	json_cjson_members(out, fields);
	json_object_end(out);
	json_newline(out);
	w->stage = STAGE_LINES;
	rc = line_end(w, TRACE_LINE_HEADER, 0);
	if (rc == -E2BIG)
		w->stage = STAGE_NEW;
	return rc ? rc : frame_end(w);
}

int trace_writer_flush(struct trace_writer *w)
{
	return w->lines.len ? frame_end(w) : -w->pack.err.code;
}

int trace_writer_outcome(struct trace_writer *w, const char *outcome, const cJSON *fields)
{
	struct json_out *out = &w->tail;
	int rc = line_begin(w);

	if (!rc)
		rc = fields_check(fields);
	if (rc)
		return rc;
	json_object_begin(out);
	json_key(out, "outcome");
	json_string(out, outcome);
	json_key(out, "events");
	json_uint(out, w->events);
	json_key(out, "decisions");
	json_uint(out, w->decisions);
	json_cjson_members(out, fields);
	json_object_end(out);
	json_newline(out);
	if (out->error)
		return out_of_memory(w);
	if (out->len > TRACE_LINE_MAX) {
		json_out_reset(out);
		return -E2BIG;
	}
	w->stage = STAGE_OUTCOME;
	return 0;
}

uint64_t trace_writer_events(const struct trace_writer *w)
{
	return w->events;
}

uint64_t trace_writer_decisions(const struct trace_writer *w)
{
	return w->decisions;
}

uint64_t trace_writer_bytes(const struct trace_writer *w)
{
	return w->pack.bytes;
}

/* In the place of the outcome, so that the reader can say why there is none. */
static void put_cut_note(struct trace_writer *w)
{
	json_out_reset(&w->tail);
	json_object_begin(&w->tail);
	json_key(&w->tail, "note");
	json_string(&w->tail, w->pack.err.text);
	json_key(&w->tail, "kind");
	json_string(&w->tail, "cut");
	json_object_end(&w->tail);
	json_newline(&w->tail);
}

int trace_writer_close(struct trace_writer *w, struct err *err)
{
	int rc;

	err_clear(err);
	if (!w)
		return 0;
	frame_end(w);
	if (w->pack.err.code)
		put_cut_note(w);
	trace_pack_finish(&w->pack, &w->tail);
	trace_pack_fini(&w->pack);
	rc = -w->pack.err.code;
	if (err)
		*err = w->pack.err;
	writer_free(w);
	return rc;
}
