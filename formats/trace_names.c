/*
 * Names by number: see the header. Entries and strings live in one arena that only grows, until
 * trace_names_free(); an entry that is replaced stays there, and counts against the limit.
 */
#include "formats/trace_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/trace_parse.h"

enum { CHUNK = 64 << 10 };

struct chunk {
	struct chunk *next;
	char bytes[];
};

struct table {
	void **entries; /* by number */
	uint32_t cap;
	uint32_t end; /* one more than the highest number */
};

struct trace_names {
	struct chunk *chunks;
	size_t used, size; /* of the first chunk */
	size_t total;      /* memory taken so far */
	struct table modules, locations, contexts, lanes, objects;
};

struct trace_names *trace_names_new(void)
{
	return calloc(1, sizeof(struct trace_names));
}

void trace_names_free(struct trace_names *names)
{
	struct chunk *chunk, *next;

	if (!names)
		return;
	for (chunk = names->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(names->modules.entries);
	free(names->locations.entries);
	free(names->contexts.entries);
	free(names->lanes.entries);
	free(names->objects.entries);
	free(names);
}

static int account(struct trace_names *names, size_t bytes, struct err *err)
{
	if (bytes > TRACE_NAMES_MEMORY - names->total)
		return err_set(err, TRACE_ERR_LIMIT, "its names need more than %zu MB of memory",
			       TRACE_NAMES_MEMORY >> 20);
	names->total += bytes;
	return 0;
}

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

/* Zeroed memory that lasts as long as `names`; NULL with *rc set. */
static void *allocate(struct trace_names *names, size_t bytes, int *rc, struct err *err)
{
	char *p;

	bytes = (bytes + 8) & ~(size_t)7; /* never 0 */
	if (bytes > names->size - names->used) {
		size_t size = bytes > CHUNK / 4 ? bytes : CHUNK;
		struct chunk *chunk;

		*rc = account(names, sizeof(*chunk) + size, err);
		if (*rc)
			return NULL;
		chunk = calloc(1, sizeof(*chunk) + size);
		if (!chunk) {
			*rc = out_of_memory(err);
			return NULL;
		}
		chunk->next = names->chunks;
		names->chunks = chunk;
		names->size = size;
		names->used = 0;
	}
	p = names->chunks->bytes + names->used;
	names->used += bytes;
	return p;
}

static void *get(const struct table *table, uint32_t number)
{
	return number < table->end ? table->entries[number] : NULL;
}

/* Make `entry` the one with this number. */
static int put(struct trace_names *names, struct table *table, uint32_t number, void *entry,
	       struct err *err)
{
	uint32_t cap = table->cap ? table->cap : 64;
	void **entries;
	int rc;

	if (number >= table->cap) {
		while (cap <= number)
			cap *= 2;
		rc = account(names, (cap - table->cap) * sizeof(*entries), err);
		if (rc)
			return rc;
		entries = calloc(cap, sizeof(*entries));
		if (!entries)
			return out_of_memory(err);
		if (table->end)
			memcpy(entries, table->entries, table->end * sizeof(*entries));
		free(table->entries);
		table->entries = entries;
		table->cap = cap;
	}
	table->entries[number] = entry;
	if (number >= table->end)
		table->end = number + 1;
	return 0;
}

/* What goes on while one line is taken in. */
struct taking {
	struct trace_names *names;
	const cJSON *json;
	const char *type; /* for messages */
	uint32_t number;
	struct err *err;
};

static int bad(const struct taking *t, const char *key)
{
	return err_set(t->err, TRACE_ERR_CORRUPT,
		       "%s %u: key \"%s\" is missing or has a wrong value", t->type, t->number,
		       key);
}

/* A string, which may be {"b64":...}; *text stays what it is when the key is absent. */
static int take_string(const struct taking *t, const cJSON *object, const char *key,
		       const char **text)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	const cJSON *b64 = cJSON_GetObjectItemCaseSensitive(item, "b64");
	size_t len;
	char *copy;
	int rc;

	if (!item || cJSON_IsNull(item))
		return 0;
	if (cJSON_IsString(item))
		b64 = item;
	else if (!cJSON_IsString(b64))
		return bad(t, key);
	len = strlen(b64->valuestring);
	copy = allocate(t->names, len + 1, &rc, t->err);
	if (!copy)
		return rc;
	if (b64 == item)
		memcpy(copy, item->valuestring, len);
	else if (json_b64_decode(b64->valuestring, len, copy) < 0)
		return bad(t, key);
	*text = copy;
	return 0;
}

static int take_number(const struct taking *t, const cJSON *object, const char *key, uint32_t max,
		       uint32_t *value)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	uint64_t n;

	if (!item)
		return 0;
	if (!trace_parse_uint(item, max, &n))
		return bad(t, key);
	*value = (uint32_t)n;
	return 0;
}

/* "0x1f" */
static int take_hex(const struct taking *t, const char *key, uint64_t *value)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(t->json, key);
	const char *text;
	size_t digits;

	if (!item)
		return 0;
	text = cJSON_IsString(item) ? item->valuestring : "";
	digits = !strncmp(text, "0x", 2) ? strspn(text + 2, "0123456789abcdefABCDEF") : 0;
	if (!digits || digits > 16 || text[2 + digits])
		return bad(t, key);
	*value = strtoull(text + 2, NULL, 16);
	return 0;
}

static int take_bool(const struct taking *t, const char *key, bool *value)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(t->json, key);

	if (!item)
		return 0;
	if (!cJSON_IsBool(item))
		return bad(t, key);
	*value = cJSON_IsTrue(item);
	return 0;
}

/* Where the file has "line":0 or no line the line is unknown. */
static int take_source(const struct taking *t, const cJSON *object, struct trace_source *source)
{
	int rc = take_string(t, object, "function", &source->function);

	if (!rc)
		rc = take_string(t, object, "file", &source->file);
	if (!rc)
		rc = take_number(t, object, "line", UINT32_MAX, &source->line);
	return rc;
}

/* An array whose elements the caller reads: how many; *array is NULL when the key is absent. */
static int take_array(const struct taking *t, const char *key, const cJSON **array, uint32_t *n)
{
	const cJSON *item;

	*n = 0;
	*array = cJSON_GetObjectItemCaseSensitive(t->json, key);
	if (*array && !cJSON_IsArray(*array))
		return bad(t, key);
	cJSON_ArrayForEach (item, *array) {
		if (++*n > TRACE_FRAMES_MAX)
			return err_set(t->err, TRACE_ERR_LIMIT, "%s %u has more than %d frames",
				       t->type, t->number, TRACE_FRAMES_MAX);
	}
	return 0;
}

static int add_module(const struct taking *t)
{
	int rc = 0;
	struct trace_module *module = allocate(t->names, sizeof(*module), &rc, t->err);

	if (!module)
		return rc;
	module->number = t->number;
	if ((rc = take_string(t, t->json, "path", &module->path)) ||
	    (rc = take_string(t, t->json, "build_id", &module->build_id)) ||
	    (rc = take_hex(t, "base", &module->base)) || (rc = take_bool(t, "main", &module->main)))
		return rc;
	if (!module->path)
		return bad(t, "path");
	return put(t->names, &t->names->modules, t->number, module, t->err);
}

static int take_inlined(const struct taking *t, struct trace_location *location)
{
	struct trace_source *inlined;
	const cJSON *array, *item;
	uint32_t n;
	int rc = take_array(t, "inlined", &array, &n);

	if (rc || !n)
		return rc;
	inlined = allocate(t->names, n * sizeof(*inlined), &rc, t->err);
	if (!inlined)
		return rc;
	location->inlined = inlined;
	cJSON_ArrayForEach (item, array) {
		if (!cJSON_IsObject(item))
			return bad(t, "inlined");
		rc = take_source(t, item, &inlined[location->inlined_n++]);
		if (rc)
			return rc;
	}
	return 0;
}

static int add_location(const struct taking *t)
{
	int rc = 0;
	struct trace_location *location = allocate(t->names, sizeof(*location), &rc, t->err);

	if (!location)
		return rc;
	location->number = t->number;
	if ((rc = take_number(t, t->json, "module", TRACE_NUMBER_MAX, &location->module)) ||
	    (rc = take_hex(t, "offset", &location->offset)) ||
	    (rc = take_source(t, t->json, &location->source)) || (rc = take_inlined(t, location)) ||
	    (rc = take_bool(t, "user", &location->user)) ||
	    (rc = take_string(t, t->json, "text", &location->text)))
		return rc;
	return put(t->names, &t->names->locations, t->number, location, t->err);
}

static int add_context(const struct taking *t)
{
	struct trace_context *context;
	const cJSON *array, *item;
	uint32_t *frames;
	uint64_t frame;
	uint32_t n;
	int rc = take_array(t, "frames", &array, &n);

	if (rc)
		return rc;
	context = allocate(t->names, sizeof(*context), &rc, t->err);
	frames = context ? allocate(t->names, n * sizeof(*frames), &rc, t->err) : NULL;
	if (!frames)
		return rc;
	context->number = t->number;
	context->frames = frames;
	cJSON_ArrayForEach (item, array) {
		if (!trace_parse_uint(item, TRACE_NUMBER_MAX, &frame))
			return bad(t, "frames");
		frames[context->frames_n++] = (uint32_t)frame;
	}
	return put(t->names, &t->names->contexts, t->number, context, t->err);
}

static int add_lane(const struct taking *t)
{
	const struct trace_lane *before = get(&t->names->lanes, t->number);
	int rc = 0;
	struct trace_lane *lane = allocate(t->names, sizeof(*lane), &rc, t->err);

	if (!lane)
		return rc;
	if (before)
		*lane = *before;
	lane->number = t->number;
	if ((rc = take_number(t, t->json, "process", UINT32_MAX, &lane->process)) ||
	    (rc = take_string(t, t->json, "id", &lane->id)) ||
	    (rc = take_number(t, t->json, "parent", TRACE_LANE_MAX, &lane->parent)) ||
	    (rc = take_string(t, t->json, "name", &lane->name)) ||
	    (rc = take_number(t, t->json, "start", TRACE_NUMBER_MAX, &lane->start)))
		return rc;
	if (!lane->id)
		return bad(t, "id");
	return put(t->names, &t->names->lanes, t->number, lane, t->err);
}

static int add_object(const struct taking *t)
{
	const struct trace_object *before = get(&t->names->objects, t->number);
	int rc = 0;
	struct trace_object *object = allocate(t->names, sizeof(*object), &rc, t->err);

	if (!object)
		return rc;
	if (before)
		*object = *before;
	object->number = t->number;
	if ((rc = take_string(t, t->json, "id", &object->id)) ||
	    (rc = take_string(t, t->json, "kind", &object->kind)) ||
	    (rc = take_string(t, t->json, "name", &object->name)) ||
	    (rc = take_number(t, t->json, "context", TRACE_NUMBER_MAX, &object->context)) ||
	    (rc = take_hex(t, "address", &object->address)) ||
	    (rc = take_bool(t, "provisional", &object->provisional)))
		return rc;
	if (!object->id)
		return bad(t, "id");
	return put(t->names, &t->names->objects, t->number, object, t->err);
}

int trace_names_add(struct trace_names *names, const struct trace_line *line, struct err *err)
{
	static int (*const adders[TRACE_LINE_TYPES])(const struct taking *) = {
		[TRACE_LINE_MODULE] = add_module,   [TRACE_LINE_LOCATION] = add_location,
		[TRACE_LINE_CONTEXT] = add_context, [TRACE_LINE_LANE] = add_lane,
		[TRACE_LINE_OBJECT] = add_object,
	};
	struct taking t = { .names = names, .json = line->json, .err = err };
	uint32_t max = line->type == TRACE_LINE_LANE ? (uint32_t)TRACE_LANE_MAX : TRACE_NUMBER_MAX;
	uint64_t number;

	if (!adders[line->type])
		return 0;
	t.type = trace_line_key(line->type);
	if (!trace_parse_uint(cJSON_GetObjectItemCaseSensitive(t.json, t.type), max, &number) ||
	    !number)
		return err_set(err, TRACE_ERR_CORRUPT, "a %s has no number, or one out of range",
			       t.type);
	t.number = (uint32_t)number;
	return adders[line->type](&t);
}

int trace_names_load(struct trace_names *names, struct trace_reader *r, struct err *err)
{
	struct trace_line line;
	int rc;

	trace_reader_rewind(r);
	trace_reader_filter(r, TRACE_LINES_NAMES);
	while ((rc = trace_reader_next(r, &line, err)) > 0) {
		rc = trace_names_add(names, &line, err);
		if (rc)
			break;
	}
	trace_reader_filter(r, TRACE_LINES_ALL);
	trace_reader_rewind(r);
	return rc;
}

const struct trace_module *trace_names_module(const struct trace_names *names, uint32_t number)
{
	return get(&names->modules, number);
}

const struct trace_location *trace_names_location(const struct trace_names *names, uint32_t number)
{
	return get(&names->locations, number);
}

const struct trace_context *trace_names_context(const struct trace_names *names, uint32_t number)
{
	return get(&names->contexts, number);
}

const struct trace_lane *trace_names_lane(const struct trace_names *names, uint32_t number)
{
	return get(&names->lanes, number);
}

const struct trace_object *trace_names_object(const struct trace_names *names, uint32_t number)
{
	return get(&names->objects, number);
}

uint32_t trace_names_modules_end(const struct trace_names *names)
{
	return names->modules.end;
}

uint32_t trace_names_locations_end(const struct trace_names *names)
{
	return names->locations.end;
}

uint32_t trace_names_contexts_end(const struct trace_names *names)
{
	return names->contexts.end;
}

uint32_t trace_names_lanes_end(const struct trace_names *names)
{
	return names->lanes.end;
}

uint32_t trace_names_objects_end(const struct trace_names *names)
{
	return names->objects.end;
}

static bool is_interpreted(const struct trace_location *location)
{
	return location && !location->module && location->source.function;
}

/* How many of the frames are inside the innermost interpreted one that is the program's. */
static uint32_t interpreted_from(const struct trace_names *names, const struct trace_context *c)
{
	const struct trace_location *location;
	uint32_t i;

	for (i = 0; i < c->frames_n; i++) {
		location = trace_names_location(names, c->frames[i]);
		if (is_interpreted(location) && location->user)
			return i;
	}
	return 0;
}

uint32_t trace_names_user_frame(const struct trace_names *names, uint32_t context, unsigned depth)
{
	const struct trace_context *c = trace_names_context(names, context);
	uint32_t inside = c ? interpreted_from(names, c) : 0, i;
	const struct trace_location *location;

	for (i = 0; c && i < c->frames_n; i++) {
		location = trace_names_location(names, c->frames[i]);
		if (location && location->user && (i >= inside || location->source.file) &&
		    !depth--)
			return i;
	}
	return UINT32_MAX;
}

const struct trace_location *trace_names_user_location(const struct trace_names *names,
						       uint32_t context)
{
	const struct trace_context *c = trace_names_context(names, context);
	uint32_t i = trace_names_user_frame(names, context, 0);
	const struct trace_location *location;

	if (i != UINT32_MAX)
		return trace_names_location(names, c->frames[i]);
	for (i = 0; c && i < c->frames_n; i++) {
		location = trace_names_location(names, c->frames[i]);
		if (is_interpreted(location))
			return location;
	}
	return c && c->frames_n ? trace_names_location(names, c->frames[0]) : NULL;
}
