/*
 * The map of a trace: see the header. Nothing in it is trusted beyond what was checked: rows lie
 * within the file, and sums cannot overflow.
 */
#include "formats/trace_map.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "formats/trace_input.h"
#include "formats/trace_lines.h"
#include "formats/trace_parse.h"
#include "formats/trace_reader.h"

/* The last frame of an honest file: index lines of some 20 bytes a frame, and the outcome. */
enum { TAIL_MAX = 64 << 20 };

void trace_map_init(struct trace_map *map)
{
	memset(map, 0, sizeof(*map));
	trace_index_init(&map->index);
}

void trace_map_fini(struct trace_map *map)
{
	trace_index_fini(&map->index);
	cJSON_Delete(map->outcome);
	memset(map, 0, sizeof(*map));
}

static void set_outcome(struct trace_map *map, struct trace_parser *parser)
{
	cJSON_Delete(map->outcome);
	map->outcome = parser->json;
	parser->json = NULL;
}

/* The writer's word for why there is no outcome. */
static void take_note(struct trace_map *map, const cJSON *json)
{
	const cJSON *kind = cJSON_GetObjectItemCaseSensitive(json, "kind");
	const cJSON *note = cJSON_GetObjectItemCaseSensitive(json, "note");

	if (cJSON_IsString(kind) && !strcmp(kind->valuestring, "cut") && cJSON_IsString(note))
		err_set(&map->damage, TRACE_ERR_CUT, "the recording was cut: %s",
			note->valuestring);
}

/* All lines of the last frame. False: it is not what it should be. */
static bool read_tail(struct trace_map *map, struct trace_input *input, struct trace_parser *parser)
{
	uint32_t covered = 0;
	size_t total = 0, len;
	const char *text;
	int rc;

	while ((rc = trace_input_line(input, &text, &len, NULL)) > 0) {
		struct trace_line line;

		total += len;
		if (total > TAIL_MAX || trace_parse_line(parser, text, len, &line, NULL))
			return false;
		if (line.type == TRACE_LINE_INDEX) {
			if (!trace_index_take_line(&map->index, line.json, &covered))
				return false;
		} else if (line.type == TRACE_LINE_OUTCOME) {
			set_outcome(map, parser);
		} else if (line.type == TRACE_LINE_NOTE) {
			take_note(map, line.json);
		} else if (line.type != TRACE_LINE_OTHER) {
			return false;
		}
	}
	return rc == 0 && covered + 1 == map->index.n;
}

static void damage_without_outcome(struct trace_map *map)
{
	if (!map->outcome && !map->damage.code)
		err_set(&map->damage, TRACE_ERR_CUT,
			"it has no outcome: the recording was interrupted after %" PRIu64 " events",
			trace_index_events(&map->index));
}

int trace_map_load(struct trace_map *map, int fd, uint64_t size, struct err *err)
{
	struct trace_parser parser;
	struct trace_input input;
	bool fits = false;
	int rc;

	if (map->state != TRACE_MAP_NONE)
		return 0;
	rc = trace_index_read_seek_table(&map->index, fd, size);
	if (rc < 0)
		return err_set(err, -rc, "cannot read the index: %s", strerror(-rc));
	map->state = TRACE_MAP_ABSENT;
	if (!rc)
		return 0;
	trace_parser_init(&parser);
	rc = trace_input_init(&input, fd, size);
	if (!rc) {
		struct trace_index_row *tail = map->index.rows + map->index.n - 1;

		tail->types = TRACE_LINES_ALL; /* whatever later versions put there */
		trace_input_seek(&input, tail->offset);
		fits = read_tail(map, &input, &parser);
	}
	trace_input_fini(&input);
	trace_parser_fini(&parser);
	if (rc)
		return err_set(err, -rc, "cannot read the index: %s", strerror(-rc));
	if (fits) {
		map->state = TRACE_MAP_FILE;
		damage_without_outcome(map);
		return 0;
	}
	trace_index_reset(&map->index);
	cJSON_Delete(map->outcome);
	map->outcome = NULL;
	err_clear(&map->damage);
	return 0;
}

/* One line of a scan into the row of its frame. False: this is no line of a trace. */
static bool scan_line(struct trace_map *map, struct trace_parser *parser, const char *text,
		      size_t len)
{
	struct trace_index_row *row = map->index.rows + map->index.n - 1;
	enum trace_line_type type = trace_parse_type(text, len);
	struct trace_line line;

	if (type == TRACE_LINE_OTHER && trace_parse_line(parser, text, len, &line, NULL))
		return false;
	row->lines++;
	row->events += type == TRACE_LINE_EVENT;
	row->decisions += type == TRACE_LINE_DECISION;
	row->types |= TRACE_LINE_BIT(type);
	if (type != TRACE_LINE_OUTCOME && type != TRACE_LINE_NOTE)
		return true;
	if (trace_parse_line(parser, text, len, &line, NULL))
		return false;
	if (type == TRACE_LINE_OUTCOME)
		set_outcome(map, parser);
	else
		take_note(map, line.json);
	return true;
}

static int scan(struct trace_map *map, struct trace_input *input, struct trace_parser *parser)
{
	uint64_t frames = 0;
	const char *text;
	size_t len;
	int rc;

	while ((rc = trace_input_line(input, &text, &len, &map->damage)) > 0) {
		if (input->frames != frames) {
			struct trace_index_row row = { .offset = input->frame_offset };

			frames = input->frames;
			rc = trace_index_add(&map->index, &row);
			if (rc == -E2BIG) {
				err_set(&map->damage, TRACE_ERR_LIMIT, "more than %d frames",
					TRACE_INDEX_ROWS_MAX);
				return 0;
			}
			if (rc)
				return rc;
		}
		if (!scan_line(map, parser, text, len)) {
			err_set(&map->damage, TRACE_ERR_CORRUPT,
				"frame at byte %" PRIu64 " has a line that is not JSON",
				input->frame_offset);
			return 0;
		}
	}
	return rc == -ENOMEM ? rc : 0;
}

int trace_map_need(struct trace_map *map, int fd, uint64_t size, struct err *err)
{
	struct trace_parser parser;
	struct trace_input input;
	int rc = trace_map_load(map, fd, size, err);

	if (rc || map->state != TRACE_MAP_ABSENT)
		return rc;
	trace_parser_init(&parser);
	rc = trace_input_init(&input, fd, size);
	if (!rc)
		rc = scan(map, &input, &parser);
	trace_input_fini(&input);
	trace_parser_fini(&parser);
	if (rc)
		return err_set(err, -rc, "cannot scan the trace: %s", strerror(-rc));
	map->state = TRACE_MAP_SCANNED;
	damage_without_outcome(map);
	return 0;
}
