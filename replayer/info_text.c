/*
 * The text of `frontrun info`.
 */
#include "replayer/info_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/fields.h"
#include "recorder/header.h"
#include "recorder/story.h"

enum { LABEL = 12, THREADS = 16, OBJECTS = 20, KINDS = 100 };

static void put(FILE *out, const char *label, const struct text *text)
{
	fprintf(out, "  %-*s %s\n", LABEL, label, text->data);
}

static void put_string(FILE *out, const char *label, const cJSON *object, const char *name)
{
	char space[1024];
	struct text text;

	text_init(&text, space, sizeof(space));
	fields_add_clean(&text, cJSON_GetObjectItemCaseSensitive(object, name));
	if (text.len)
		put(out, label, &text);
}

uint32_t info_count_lanes(const struct info *info)
{
	uint32_t i, count = 0;

	for (i = 0; i < trace_names_lanes_end(info->file->names); i++)
		count += trace_names_lane(info->file->names, i) != NULL;
	return count;
}

uint32_t info_count_objects(const struct info *info)
{
	uint32_t i, count = 0;

	for (i = 0; i < trace_names_objects_end(info->file->names); i++)
		count += trace_names_object(info->file->names, i) != NULL;
	return count;
}

/* What the strategy was given, as the options of record that record the same run again. */
static void add_parameters(struct text *text, const cJSON *strategy)
{
	static const struct {
		const char *name;
		uint32_t strategy;
		int index;
		uint64_t unsaid; /* what it is when the option is not given */
	} known[] = {
#define PARAMETER(symbol, index, name, otherwise) { name, STRATEGY_##symbol, index, 0 },
#define PARAMETER_OR_0(symbol, index, name, otherwise) \
	{ name, STRATEGY_##symbol, index, otherwise },
#include "formats/strategy.def"
	};
	int id = header_strategy_by_name(fields_string(strategy, "name", ""));
	const char *value;
	unsigned i;

	if (fields_int(strategy, "slice", 0) > 0)
		text_addf(text, " --slice %lld", (long long)fields_int(strategy, "slice", 0));
	if (id != STRATEGY_NATURAL && fields_string(strategy, "seed", NULL)) {
		text_add(text, " --seed ");
		text_add_clean(text, fields_string(strategy, "seed", "0"));
	} else if (id != STRATEGY_NATURAL) {
		text_addf(text, " --seed %lld", (long long)fields_int(strategy, "seed", 0));
	}
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		value = cJSON_GetStringValue(
			cJSON_GetArrayItem(fields_array(strategy, "parameters"), known[i].index));
		if (!value)
			value = "0"; /* the last ones are left out */
		if ((int)known[i].strategy != id || strtoull(value, NULL, 10) == known[i].unsaid)
			continue;
		text_addf(text, " --parameter %s=", known[i].name);
		text_add_clean(text, value);
	}
}

static void put_origin(const struct info *info, FILE *out)
{
	const cJSON *header = info->file->header, *word;
	const cJSON *system = fields_object(header, "system");
	const cJSON *program = fields_object(header, "program");
	const cJSON *strategy = fields_object(header, "strategy");
	char space[2048];
	struct text text;

	text_init(&text, space, sizeof(space));
	cJSON_ArrayForEach (word, fields_array(header, "argv")) {
		text_add(&text, text.len ? " " : "");
		fields_add_clean(&text, word);
	}
	put(out, "command", &text);
	put_string(out, "directory", header, "cwd");
	put_string(out, "executable", program, "path");
	text_reset(&text);
	text_add_clean(&text, fields_string(header, "started", "at an unknown time"));
	text_add(&text, " by frontrun ");
	text_add_clean(&text, fields_string(header, "version", "of an unknown version"));
	put(out, "recorded", &text);
	text_reset(&text);
	text_add_clean(&text, fields_string(strategy, "name", "unknown"));
	add_parameters(&text, strategy);
	put(out, "strategy", &text);
	text_reset(&text);
	text_add(&text, "Linux ");
	text_add_clean(&text, fields_string(system, "kernel", "?"));
	text_add(&text, ", ");
	text_add_clean(&text, fields_string(system, "libc", "?"));
	text_addf(&text, ", %" PRId64 " CPUs", fields_int(system, "cpus", 0));
	put(out, "machine", &text);
}

/* "1 switch", "2 switches" */
static void add_counted(struct text *text, uint64_t count, const char *what)
{
	text_add_count(text, count);
	text_addf(text, " %s%s", what,
		  count == 1                      ? ""
		  : what[strlen(what) - 1] == 'h' ? "es"
						  : "s");
}

static void put_ending(const struct info *info, FILE *out)
{
	const cJSON *outcome = info->file->outcome;
	const struct err *damage = &info->file->damage;
	static const char *const verified[] = {
		[INFO_UNVERIFIED] = "",
		[INFO_SAME] = ", and so have the events",
		[INFO_DIFFERENT] = ", but the events have others",
		[INFO_REFUSED] = ", not verified",
	};
	char space[1024];
	struct text text;
	int64_t switches;

	text_init(&text, space, sizeof(space));
	story_word(&text, outcome);
	put(out, "ended with", &text);
	text_reset(&text);
	text_add(&text, damage->code ? "no: " : "yes");
	text_add_clean(&text, trace_file_damage(info->file));
	put(out, "complete", &text);
	text_reset(&text);
	add_counted(&text, info->census.events, "event");
	text_add(&text, ", ");
	add_counted(&text, info_count_lanes(info), "thread");
	text_add(&text, ", ");
	add_counted(&text, info->census.decisions, "decision");
	text_add(&text, ", ");
	switches = fields_int(outcome, "switches", 0);
	add_counted(&text, switches > 0 ? (uint64_t)switches : 0, "switch");
	put(out, "run", &text);
	text_reset(&text);
	text_add(&text, "order ");
	text_add_clean(&text, fields_string(outcome, "order_hash", "unknown"));
	text_add(&text, ", happens-before ");
	text_add_clean(&text, fields_string(outcome, "hb_hash", "unknown"));
	text_add(&text, verified[info->verdict]);
	put(out, "hashes", &text);
}

void info_put_count(FILE *out, uint64_t count, const struct text *name)
{
	char space[32];
	struct text text;

	text_init(&text, space, sizeof(space));
	text_add_count(&text, count);
	fprintf(out, "  %*s %s\n", LABEL, text.data, name->data);
}

void info_put_more(FILE *out, uint64_t total, uint64_t shown)
{
	if (shown < total)
		fprintf(out, "  %*s (%" PRIu64 " more)\n", LABEL, "", total - shown);
}

static void put_lists(const struct info *info, FILE *out)
{
	const struct naming *naming = info->file->naming;
	const struct trace_object *object;
	uint32_t top[KINDS], i, n;
	char space[512];
	struct text name;

	text_init(&name, space, sizeof(space));
	fputs("\nThreads, by number of operations\n", out);
	n = census_top(info->census.lanes, info->census.lanes_end, top, THREADS);
	for (i = 0; i < n; i++) {
		text_reset(&name);
		naming_lane(naming, &name, top[i]);
		info_put_count(out, info->census.lanes[top[i]], &name);
	}
	info_put_more(out, info_count_lanes(info), n);
	fputs("\nOperations\n", out);
	n = census_top(info->census.kinds, EVENT_COUNT, top, KINDS);
	for (i = 0; i < n; i++) {
		text_reset(&name);
		text_add(&name, top[i] == EVENT_NONE ? "of kinds that this version does not know"
						     : event_kind_name(top[i]));
		info_put_count(out, info->census.kinds[top[i]], &name);
	}
	n = census_top(info->census.objects, info->census.objects_end, top, OBJECTS);
	if (n)
		fputs("\nObjects, by number of operations\n", out);
	for (i = 0; i < n; i++) {
		text_reset(&name);
		naming_object(naming, &name, top[i]);
		object = trace_names_object(info->file->names, top[i]);
		if (object && object->kind && object->name) {
			text_add(&name, "  ");
			text_add_clean(&name, object->kind);
		}
		info_put_count(out, info->census.objects[top[i]], &name);
	}
	info_put_more(out, info_count_objects(info), n);
}

static void put_trapped(const struct info *info, FILE *out)
{
	const cJSON *trapped = fields_object(info->file->outcome, "trapped"), *call;
	char space[256];
	struct text name;

	if (!trapped || !trapped->child)
		return;
	fputs("\nTrapped calls by name\n", out);
	text_init(&name, space, sizeof(space));
	cJSON_ArrayForEach (call, trapped) {
		text_reset(&name);
		text_add_clean(&name, call->string);
		info_put_count(out, (uint64_t)fields_int(trapped, call->string, 0), &name);
	}
}

void info_text(const struct info *info, FILE *out)
{
	const cJSON *format = fields_array(info->file->header, "format");

	fprintf(out, "%s: trace of format %d.%d\n", info->file->path,
		(int)cJSON_GetNumberValue(cJSON_GetArrayItem(format, 0)),
		(int)cJSON_GetNumberValue(cJSON_GetArrayItem(format, 1)));
	put_origin(info, out);
	put_ending(info, out);
	put_lists(info, out);
	info_input_text(info, out);
	put_trapped(info, out);
	info_sensitive_text(info, out);
}
