/*
 * Books about what a run has announced, see run_names.h. Words are made by recorder/naming.h from a
 * small struct trace_names that holds just what one event needs.
 */
#include "replayer/run_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "formats/trace_names.h"
#include "recorder/alloc.h"
#include "recorder/ids.h"
#include "recorder/naming.h"
#include "recorder/symbols.h"
#include "recorder/words.h"

enum { ID_BYTES = 4608, HEX_BYTES = 2 * 32 + 1 };

struct lane {
	char *id;
	char name[16];
	uint32_t parent;
	uint32_t start_module;
	uint64_t start_offset;
};

struct object {
	char *id;
	char *name; /* NULL: none, or its id is one */
	uint8_t kind;
	uint8_t class;
	uint32_t module;
	uint64_t offset;
};

struct context {
	uint32_t count;
	struct record_frame frames[];
};

struct module {
	char *path;
	char build_id[HEX_BYTES];
};

/* An array by number that grows; what was not set is zero. */
struct table {
	void *items;
	uint32_t size;
};

struct code {
	char *file, *function;
	bool user;
};

struct run_names {
	struct table lanes, objects, contexts, modules, codes, texts;
};

static void *at(const struct table *table, uint32_t number, size_t item)
{
	return number < table->size ? (char *)table->items + number * item : NULL;
}

static void *make(struct table *table, uint32_t number, size_t item)
{
	uint32_t size = table->size ? table->size : 64;

	while (size <= number)
		size *= 2;
	if (size != table->size) {
		table->items = alloc_check(reallocarray(table->items, size, item));
		memset((char *)table->items + table->size * item, 0, (size - table->size) * item);
		table->size = size;
	}
	return (char *)table->items + number * item;
}

struct run_names *run_names_new(void)
{
	return alloc_check(calloc(1, sizeof(struct run_names)));
}

void run_names_free(struct run_names *names)
{
	uint32_t i;

	if (!names)
		return;
	for (i = 0; i < names->lanes.size; i++)
		free(((struct lane *)names->lanes.items)[i].id);
	for (i = 0; i < names->objects.size; i++) {
		free(((struct object *)names->objects.items)[i].id);
		free(((struct object *)names->objects.items)[i].name);
	}
	for (i = 0; i < names->contexts.size; i++)
		free(((struct context **)names->contexts.items)[i]);
	for (i = 0; i < names->modules.size; i++)
		free(((struct module *)names->modules.items)[i].path);
	for (i = 0; i < names->codes.size; i++) {
		free(((struct code *)names->codes.items)[i].file);
		free(((struct code *)names->codes.items)[i].function);
	}
	for (i = 0; i < names->texts.size; i++)
		free(((char **)names->texts.items)[i]);
	free(names->codes.items);
	free(names->texts.items);
	free(names->lanes.items);
	free(names->objects.items);
	free(names->contexts.items);
	free(names->modules.items);
	free(names);
}

const char *run_names_lane_id(const struct run_names *names, uint32_t number)
{
	const struct lane *lane = at(&names->lanes, number, sizeof(*lane));

	return lane && lane->id ? lane->id : "";
}

const char *run_names_object_id(const struct run_names *names, uint32_t number)
{
	const struct object *object = at(&names->objects, number, sizeof(*object));

	return object && object->id ? object->id : "";
}

static const char *module_path(const struct run_names *names, uint32_t number)
{
	const struct module *module = at(&names->modules, number, sizeof(*module));

	return module && module->path ? module->path : "?";
}

void run_names_lane(struct run_names *names, const struct record_lane *record)
{
	struct lane *lane = make(&names->lanes, record->number, sizeof(*lane));
	char space[ID_BYTES];
	struct text id;

	text_init(&id, space, sizeof(space));
	ids_lane(&id, record->parent ? run_names_lane_id(names, record->parent) : NULL,
		 record->index);
	free(lane->id);
	lane->id = alloc_check(strdup(id.data));
	memcpy(lane->name, record->name, sizeof(lane->name));
	lane->name[sizeof(lane->name) - 1] = '\0';
	lane->parent = record->parent;
	lane->start_module = record->start ? record->start_module : 0;
	lane->start_offset = record->start_offset;
}

void run_names_object(struct run_names *names, const struct record_object *record)
{
	struct object *object = make(&names->objects, record->number, sizeof(*object));
	char space[ID_BYTES];
	struct text id;

	text_init(&id, space, sizeof(space));
	ids_object(&id, record, module_path(names, record->module),
		   run_names_lane_id(names, record->lane));
	free(object->id);
	object->id = alloc_check(strdup(id.data));
	free(object->name);
	object->name = record->class != OBJECT_NAMED && *record->name
			       ? alloc_check(strdup(record->name))
			       : NULL;
	object->kind = record->kind;
	object->class = record->class;
	object->module = record->module;
	object->offset = record->offset;
}

void run_names_context(struct run_names *names, const struct record_context *record)
{
	struct context **context = make(&names->contexts, record->number, sizeof(*context));
	uint32_t count = record->count < RUN_NAMES_FRAMES ? record->count : RUN_NAMES_FRAMES;
	size_t bytes = count * sizeof(struct record_frame);

	free(*context);
	*context = alloc_check(malloc(sizeof(**context) + bytes));
	(*context)->count = count;
	memcpy((*context)->frames, record->frames, bytes);
}

void run_names_module(struct run_names *names, const struct record_module *record)
{
	struct module *module = make(&names->modules, record->number, sizeof(*module));
	unsigned i, n = record->build_id_length;

	free(module->path);
	module->path = alloc_check(strdup(record->path));
	for (i = 0; i < n && 2 * i + 2 < HEX_BYTES; i++)
		snprintf(module->build_id + 2 * i, 3, "%02x", record->build_id[i]);
}

void run_names_code(struct run_names *names, const struct record_code *record)
{
	struct code *code = make(&names->codes, record->number, sizeof(*code));

	free(code->file);
	free(code->function);
	code->file = alloc_check(strdup(record->names));
	code->function = alloc_check(strdup(record->names + strlen(record->names) + 1));
	code->user = record->user;
}

void run_names_text(struct run_names *names, const struct record_text *record)
{
	char **text = make(&names->texts, record->number, sizeof(*text));

	free(*text);
	*text = alloc_check(strdup(record->text));
}

/* Takes the line into `into` and deletes it. */
static void learn(struct trace_names *into, enum trace_line_type type, cJSON *json)
{
	struct trace_line line = { .type = type, .json = json };

	trace_names_add(into, &line, NULL);
	cJSON_Delete(json);
}

static cJSON *numbered(const char *type, uint32_t number)
{
	cJSON *json = alloc_check(cJSON_CreateObject());

	cJSON_AddNumberToObject(json, type, number);
	return json;
}

static void add_source(cJSON *json, const struct symbol_frame *frame)
{
	if (frame->function)
		cJSON_AddStringToObject(json, "function", frame->function);
	if (frame->file)
		cJSON_AddStringToObject(json, "file", frame->file);
	if (frame->line)
		cJSON_AddNumberToObject(json, "line", frame->line);
}

/* Module and location, symbolised; the location gets `number`. */
static void learn_location(struct trace_names *into, const struct run_names *names,
			   struct symbols *symbols, uint32_t number, uint32_t in, uint64_t offset,
			   unsigned flags)
{
	const struct module *module = at(&names->modules, in, sizeof(*module));
	cJSON *json = numbered("location", number), *inlined, *item;
	struct symbol_location where;
	char hex[24];
	unsigned i;

	snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)offset);
	cJSON_AddNumberToObject(json, "module", in);
	cJSON_AddStringToObject(json, "offset", hex);
	if (module && module->path) {
		cJSON *line = numbered("module", in);

		cJSON_AddStringToObject(line, "path", *module->path ? module->path : "[vdso]");
		learn(into, TRACE_LINE_MODULE, line);
		symbols_module(symbols, in, module->path, module->build_id);
		symbols_lookup(symbols, in, offset, flags, &where);
		add_source(json, &where.frames[0]);
		inlined = cJSON_AddArrayToObject(json, "inlined");
		for (i = 1; i < where.n_frames; i++) {
			item = cJSON_CreateObject();
			add_source(item, &where.frames[i]);
			cJSON_AddItemToArray(inlined, item);
		}
		cJSON_AddBoolToObject(json, "user", symbols_is_user(symbols, in, &where));
	}
	learn(into, TRACE_LINE_LOCATION, json);
}

static void learn_code(struct trace_names *into, const struct run_names *names, uint32_t number,
		       const struct record_frame *frame)
{
	const struct code *code = at(&names->codes, frame->module, sizeof(*code));
	bool known = code && code->function;
	cJSON *json = numbered("location", number);
	char hex[24];

	snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)frame->offset);
	cJSON_AddStringToObject(json, "offset", hex);
	cJSON_AddStringToObject(json, "function", known ? code->function : "?");
	cJSON_AddStringToObject(json, "file", known ? code->file : "?");
	cJSON_AddNumberToObject(json, "line", frame->flags >> FRAME_LINE_SHIFT);
	cJSON_AddBoolToObject(json, "user", known && code->user);
	learn(into, TRACE_LINE_LOCATION, json);
}

enum { START_LOCATION = 1, FIRST_FRAME };

static void learn_lane(struct trace_names *into, const struct run_names *names,
		       struct symbols *symbols, uint32_t number)
{
	const struct lane *lane = at(&names->lanes, number, sizeof(*lane));
	cJSON *json = numbered("lane", number);

	cJSON_AddNumberToObject(json, "process", 0);
	cJSON_AddStringToObject(json, "id", run_names_lane_id(names, number));
	if (lane && lane->parent)
		cJSON_AddNumberToObject(json, "parent", lane->parent);
	if (lane && *lane->name)
		cJSON_AddStringToObject(json, "name", lane->name);
	if (lane && lane->start_module) {
		learn_location(into, names, symbols, START_LOCATION, lane->start_module,
			       lane->start_offset, 0);
		cJSON_AddNumberToObject(json, "start", START_LOCATION);
	}
	learn(into, TRACE_LINE_LANE, json);
}

static void learn_object(struct trace_names *into, const struct run_names *names,
			 struct symbols *symbols, uint32_t number)
{
	const struct object *object = at(&names->objects, number, sizeof(*object));
	const struct module *module;
	const char *name;
	cJSON *json;

	if (!object || !object->id)
		return;
	name = object->name;
	json = numbered("object", number);
	cJSON_AddStringToObject(json, "id", object->id);
	cJSON_AddStringToObject(json, "kind", ids_kind_name(object->kind));
	module = at(&names->modules, object->module, sizeof(*module));
	if (object->class == OBJECT_STATIC && module && module->path) {
		symbols_module(symbols, object->module, module->path, module->build_id);
		name = symbols_data(symbols, object->module, object->offset);
	}
	if (name)
		cJSON_AddStringToObject(json, "name", name);
	learn(into, TRACE_LINE_OBJECT, json);
}

static void learn_context(struct trace_names *into, const struct run_names *names,
			  struct symbols *symbols, uint32_t number)
{
	struct context *const *context = at(&names->contexts, number, sizeof(*context));
	cJSON *json, *frames;
	uint32_t i;

	if (!context || !*context)
		return;
	json = numbered("context", number);
	frames = cJSON_AddArrayToObject(json, "frames");
	for (i = 0; i < (*context)->count; i++) {
		const struct record_frame *frame = &(*context)->frames[i];

		if (frame->flags & FRAME_CODE)
			learn_code(into, names, FIRST_FRAME + i, frame);
		else
			learn_location(into, names, symbols, FIRST_FRAME + i, frame->module,
				       frame->offset,
				       frame->flags & FRAME_EXACT ? 0 : SYMBOLS_RETURN_ADDRESS);
		cJSON_AddItemToArray(frames, cJSON_CreateNumber(FIRST_FRAME + i));
	}
	learn(into, TRACE_LINE_CONTEXT, json);
}

void run_names_tell(const struct run_names *names, const struct record_event *record,
		    struct text *step, struct text *site)
{
	struct trace_event event = {
		.kind = record->kind,
		.phase = record->phase,
		.lane = record->lane,
		.object = record->object,
		.object2 = record->object2,
		.context = record->context,
		.result = record->result,
	};
	struct trace_names *just = trace_names_new();
	struct symbols *symbols = symbols_new();
	char space[64];
	struct naming *naming;
	struct text change;

	text_init(&change, space, sizeof(space));
	if (record->has_value == EVENT_VALUE_CHANGE) {
		words_change(&change, record->value);
		event.text = change.data;
		event.text_len = change.len;
	} else if (record->has_value == EVENT_VALUE_TEXT) {
		event.text =
			*(char *const *)at(&names->texts, (uint32_t)record->value, sizeof(char *));
		event.text_len = strlen(event.text);
	} else if (record->has_value == EVENT_VALUE_INT) {
		event.value =
			(struct trace_value){ .type = TRACE_VALUE_INT, .number = record->value };
	}
	learn_lane(just, names, symbols, event.lane);
	learn_object(just, names, symbols, event.object);
	learn_object(just, names, symbols, event.object2);
	learn_context(just, names, symbols, event.context);
	naming = naming_new(just);
	naming_lane(naming, step, event.lane);
	text_add(step, " ");
	naming_step(naming, step, &event);
	if (event.context)
		naming_site(naming, site, event.context);
	naming_free(naming);
	trace_names_free(just);
	symbols_free(symbols);
}
