/*
 * The reader of trace files: header, order of lines, positions, filter. Frames are trace_input.c,
 * JSON is trace_parse.c, the index is trace_map.c.
 */
#include "formats/trace_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/trace_input.h"
#include "formats/trace_map.h"
#include "formats/trace_parse.h"

#define BIT(type) TRACE_LINE_BIT(TRACE_LINE_##type)

struct trace_reader {
	int fd;
	uint64_t size;
	char *path;
	struct trace_input input;
	struct trace_parser parser;
	struct trace_map map;
	cJSON *header;
	unsigned filter;
	struct err failed; /* sticky until rewind or seek */
	bool at_end;
	/* position */
	uint64_t events, decisions; /* numbers of the next ones */
	uint64_t frames;            /* input.frames of the last line */
	uint64_t frame_lines;       /* lines read of the current frame ... */
	uint64_t frame_event;       /* ... and the numbers at its beginning */
	uint64_t frame_decision;
	bool begun;                /* the header went by */
	bool ended;                /* the outcome went by */
	struct trace_line pending; /* found by a seek, to be returned next */
	bool has_pending;
};

static int open_file(struct trace_reader *r, struct err *err)
{
	struct stat st;

	r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->fd < 0 || fstat(r->fd, &st))
		return err_set(err, errno, "cannot open %s: %s", r->path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, EISDIR, "%s is a directory", r->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is not a regular file", r->path);
	if (!st.st_size)
		return err_set(err, TRACE_ERR_CUT, "%s is empty: its recording wrote nothing",
			       r->path);
	r->size = (uint64_t)st.st_size;
	return 0;
}

static int check_magic(struct trace_reader *r, struct err *err)
{
	static const unsigned char zstd[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const unsigned char skippable[4] = { 0x50, 0x2a, 0x4d, 0x18 };
	unsigned char magic[4];
	ssize_t n = pread(r->fd, magic, sizeof(magic), 0);

	if (n < 0)
		return err_set(err, errno, "cannot read %s: %s", r->path, strerror(errno));
	if (n > 0 && !memcmp(magic, zstd, (size_t)n))
		return 0;
	magic[0] &= 0xf0; /* any of the 16 kinds of skippable frames */
	if (n > 0 && !memcmp(magic, skippable, (size_t)n))
		return 0;
	return err_set(err, TRACE_ERR_NOT_ZSTD, "%s is not a zstd file, so not a frontrun trace",
		       r->path);
}

static int check_version(struct trace_reader *r, struct err *err)
{
	const cJSON *format = cJSON_GetObjectItemCaseSensitive(r->header, "format");
	const cJSON *requires = cJSON_GetObjectItemCaseSensitive(r->header, "requires");
	const cJSON *feature = cJSON_IsArray(requires) ? requires->child : NULL;
	uint64_t major, minor;

	if (!cJSON_IsArray(format) || !trace_parse_uint(format->child, UINT32_MAX, &major) ||
	    !trace_parse_uint(format->child->next, UINT32_MAX, &minor) || !major)
		return err_set(err, TRACE_ERR_NOT_TRACE,
			       "%s is not a frontrun trace: its header has no format version",
			       r->path);
	if (major > TRACE_FORMAT_MAJOR)
		return err_set(err, TRACE_ERR_TOO_NEW,
			       "%s: format version %" PRIu64 ".%" PRIu64 " is newer than this "
			       "frontrun reads (%d.x)",
			       r->path, major, minor, TRACE_FORMAT_MAJOR);
	/* No feature exists yet that a reader could have or lack. */
	if (feature)
		return err_set(err, TRACE_ERR_FEATURE,
			       "%s: requires feature \"%.100s\", which this frontrun does not have",
			       r->path, cJSON_IsString(feature) ? feature->valuestring : "?");
	return 0;
}

static int read_header(struct trace_reader *r, struct err *err)
{
	struct trace_line line = { .type = TRACE_LINE_OTHER };
	const cJSON *magic = NULL;
	struct err why = { 0 };
	const char *text;
	size_t len;
	int rc = trace_input_line(&r->input, &text, &len, &why);

	if (rc < 0)
		return err_set(err, -rc, "%s: %s", r->path, why.text);
	if (rc && trace_parse_type(text, len) == TRACE_LINE_HEADER &&
	    !trace_parse_line(&r->parser, text, len, &line, NULL))
		magic = cJSON_GetObjectItemCaseSensitive(line.json, "frontrun");
	if (!cJSON_IsString(magic) || strcmp(magic->valuestring, "header"))
		return err_set(err, TRACE_ERR_NOT_TRACE,
			       "%s is not a frontrun trace: it does not begin with a header",
			       r->path);
	r->header = r->parser.json;
	r->parser.json = NULL;
	return check_version(r, err);
}

/* Early, so that every way of reading compares the frames with what the index says of them. */
static int load_map(struct trace_reader *r, struct err *err)
{
	struct err why = { 0 };
	int rc = trace_map_load(&r->map, r->fd, r->size, &why);

	return rc ? err_set(err, -rc, "%s: %s", r->path, why.text) : 0;
}

struct trace_reader *trace_reader_open(const char *path, struct err *err)
{
	struct trace_reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		goto no_memory;
	r->fd = -1;
	r->filter = TRACE_LINES_ALL;
	trace_parser_init(&r->parser);
	trace_map_init(&r->map);
	r->path = strdup(path);
	if (!r->path)
		goto no_memory;
	rc = open_file(r, err);
	if (!rc)
		rc = check_magic(r, err);
	if (!rc && trace_input_init(&r->input, r->fd, r->size))
		goto no_memory;
	if (!rc)
		rc = read_header(r, err);
	if (!rc)
		rc = load_map(r, err);
	if (!rc) {
		trace_reader_rewind(r);
		return r;
	}
	trace_reader_close(r);
	return NULL;
no_memory:
	err_set(err, ENOMEM, "cannot open %s: %s", path, strerror(ENOMEM));
	trace_reader_close(r);
	return NULL;
}

void trace_reader_close(struct trace_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	trace_input_fini(&r->input);
	trace_parser_fini(&r->parser);
	trace_map_fini(&r->map);
	cJSON_Delete(r->header);
	free(r->path);
	free(r);
}

const cJSON *trace_reader_header(const struct trace_reader *r)
{
	return r->header;
}

void trace_reader_filter(struct trace_reader *r, unsigned types)
{
	r->filter = types;
}

/* Go on at the frame of `row`; NULL: at the beginning. */
static void position(struct trace_reader *r, const struct trace_index_row *row)
{
	trace_input_seek(&r->input, row ? row->offset : 0);
	r->events = row ? row->first_event : 0;
	r->decisions = row ? row->first_decision : 0;
	r->frames = r->input.frames;
	r->frame_lines = 0;
	r->frame_event = r->events;
	r->frame_decision = r->decisions;
	r->begun = row && row->offset;
	r->ended = false;
	r->at_end = false;
	r->has_pending = false;
	err_clear(&r->failed);
}

void trace_reader_rewind(struct trace_reader *r)
{
	position(r, NULL);
}

static int fail(struct trace_reader *r, int code, const char *why, struct err *err)
{
	err_set(&r->failed, code, "%s: %s", r->path, why);
	if (err)
		*err = r->failed;
	return -code;
}

/* Behind a whole frame that was read: is it what the index said? */
static int frame_check(struct trace_reader *r, struct err *err)
{
	const struct trace_index_row *row;

	if (r->map.state != TRACE_MAP_FILE || !r->frame_lines)
		return 0;
	row = trace_index_find_offset(&r->map.index, r->input.frame_offset);
	if (row &&
	    (row + 1 == r->map.index.rows + r->map.index.n || row->lines == r->frame_lines) &&
	    row->events == r->events - r->frame_event &&
	    row->decisions == r->decisions - r->frame_decision)
		return 0;
	return fail(r, TRACE_ERR_CORRUPT, "the index does not fit the frames", err);
}

/* Between two frames: step over those that hold nothing the filter wants. */
static void frames_skip(struct trace_reader *r)
{
	const struct trace_index *index = &r->map.index;
	const struct trace_index_row *row;

	if (r->filter == TRACE_LINES_ALL || r->map.state == TRACE_MAP_ABSENT)
		return;
	row = trace_index_find_offset(index, trace_input_offset(&r->input));
	if (!row)
		return;
	/* Never the last one: whether there is an outcome has to be seen. */
	while (row + 1 < index->rows + index->n && !(row->types & r->filter)) {
		row++;
		position(r, row);
	}
}

/* Called before a line is read when no line of a frame is left. */
static int between_frames(struct trace_reader *r, struct err *err)
{
	int rc = frame_check(r, err);

	r->frame_lines = 0;
	if (!rc)
		frames_skip(r);
	return rc;
}

static void frame_enter(struct trace_reader *r)
{
	if (r->frames == r->input.frames)
		return;
	r->frames = r->input.frames;
	r->frame_lines = 0;
	r->frame_event = r->events;
	r->frame_decision = r->decisions;
	trace_lane_k_reset(&r->parser.lane_k);
}

static int end_of_file(struct trace_reader *r, struct err *err)
{
	if (!r->ended) {
		if (r->map.state == TRACE_MAP_FILE && r->map.damage.code)
			return fail(r, r->map.damage.code, r->map.damage.text, err);
		return fail(r, TRACE_ERR_CUT, "it has no outcome: the recording was interrupted",
			    err);
	}
	r->at_end = true;
	return 0;
}

static int line_fail(struct trace_reader *r, int code, const char *why, struct err *err)
{
	struct err text;

	err_set(&text, code, "line %" PRIu64 " of the frame at byte %" PRIu64 ": %s",
		r->frame_lines, r->input.frame_offset, why);
	return fail(r, code, text.text, err);
}

/* Does a line of this type belong here? */
static int check_order(struct trace_reader *r, enum trace_line_type type, struct err *err)
{
	bool first = !r->begun;

	r->begun = true;
	if ((type == TRACE_LINE_HEADER) != first)
		return line_fail(r, TRACE_ERR_CORRUPT, "a header in the wrong place", err);
	if (r->ended && type != TRACE_LINE_INDEX && type != TRACE_LINE_OTHER)
		return line_fail(r, TRACE_ERR_CORRUPT, "it comes after the outcome", err);
	r->ended |= type == TRACE_LINE_OUTCOME;
	return 0;
}

/* One line: 1 with *wanted telling whether the caller is to see it, 0 at the end, or -code. */
static int read_line(struct trace_reader *r, struct trace_line *line, bool *wanted, struct err *err)
{
	struct err why; /* cleared for no line: it is large */
	const char *text;
	size_t len;
	int rc = trace_input_more(&r->input) ? 0 : between_frames(r, err);

	if (rc)
		return rc;
	rc = trace_input_line(&r->input, &text, &len, &why);
	if (rc <= 0)
		return rc ? fail(r, -rc, why.text, err) : end_of_file(r, err);
	frame_enter(r);
	r->frame_lines++;
	line->type = trace_parse_type(text, len);
	rc = check_order(r, line->type, err);
	if (rc)
		return rc;
	*wanted = r->filter & TRACE_LINE_BIT(line->type) && line->type != TRACE_LINE_INDEX;
	/* Events also count for the k of the decisions behind them. */
	if (*wanted || (line->type == TRACE_LINE_EVENT && r->filter & BIT(DECISION)) ||
	    line->type == TRACE_LINE_OTHER) {
		rc = trace_parse_line(&r->parser, text, len, line, &why);
		if (rc)
			return line_fail(r, -rc, why.text, err);
	}
	line->number = 0;
	if (line->type == TRACE_LINE_EVENT)
		line->number = r->events++;
	else if (line->type == TRACE_LINE_DECISION)
		line->number = r->decisions++;
	return 1;
}

int trace_reader_next(struct trace_reader *r, struct trace_line *line, struct err *err)
{
	bool wanted = false;
	int rc;

	if (r->has_pending) {
		*line = r->pending;
		r->has_pending = false;
		return 1;
	}
	if (r->failed.code && err)
		*err = r->failed;
	if (r->failed.code || r->at_end)
		return -r->failed.code;
	do
		rc = read_line(r, line, &wanted, err);
	while (rc > 0 && !wanted);
	return rc;
}

static int need_map(struct trace_reader *r, struct err *err)
{
	struct err why = { 0 };
	int rc = trace_map_need(&r->map, r->fd, r->size, &why);

	return rc ? err_set(err, -rc, "%s: %s", r->path, why.text) : 0;
}

/* Read on to the event or decision with number `n` and keep it for the next call. */
static int seek_line(struct trace_reader *r, enum trace_line_type type, uint64_t n, struct err *err)
{
	int rc;

	do
		rc = trace_reader_next(r, &r->pending, err);
	while (rc > 0 && (r->pending.type != type || r->pending.number != n));
	if (rc < 0)
		return rc;
	if (!rc)
		return fail(r, TRACE_ERR_CORRUPT, "the index does not fit the frames", err);
	r->has_pending = true;
	return 0;
}

static int out_of_range(struct trace_reader *r, const char *what, uint64_t n, struct err *err)
{
	return err_set(err, ERANGE, "%s: there is no %s number %" PRIu64, r->path, what, n);
}

int trace_reader_seek_event(struct trace_reader *r, uint64_t n, struct err *err)
{
	const struct trace_index_row *row;
	int rc = need_map(r, err);

	if (rc)
		return rc;
	row = trace_index_find_event(&r->map.index, n);
	if (!row)
		return out_of_range(r, "event", n, err);
	position(r, row);
	return seek_line(r, TRACE_LINE_EVENT, n, err);
}

int trace_reader_seek_decision(struct trace_reader *r, uint64_t n, struct err *err)
{
	const struct trace_index_row *row;
	int rc = need_map(r, err);

	if (rc)
		return rc;
	row = trace_index_find_decision(&r->map.index, n);
	if (!row)
		return out_of_range(r, "decision", n, err);
	position(r, row);
	return seek_line(r, TRACE_LINE_DECISION, n, err);
}

int64_t trace_reader_total_events(struct trace_reader *r, struct err *err)
{
	int rc = need_map(r, err);

	return rc ? rc : (int64_t)trace_index_events(&r->map.index);
}

int64_t trace_reader_total_decisions(struct trace_reader *r, struct err *err)
{
	int rc = need_map(r, err);

	return rc ? rc : (int64_t)trace_index_decisions(&r->map.index);
}

const cJSON *trace_reader_outcome(struct trace_reader *r, struct err *err)
{
	if (trace_reader_check(r, err) && !r->map.outcome)
		return NULL;
	return r->map.outcome;
}

int trace_reader_check(struct trace_reader *r, struct err *err)
{
	int rc = need_map(r, err);

	if (rc || !r->map.damage.code)
		return rc;
	return err_set(err, r->map.damage.code, "%s: %s", r->path, r->map.damage.text);
}
