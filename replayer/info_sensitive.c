/*
 * What a trace may give away, class by class: for the end of `frontrun info`. Counts and names
 * only: what is to be kept from strangers is not printed here either.
 */
#include "replayer/info_text.h"

#include <stdlib.h>
#include <string.h>

#include "recorder/fields.h"

enum { NAMED = 8 }; /* files and endpoints that are named in a line */

/* The names of the members of an object, not their values. */
static bool add_names(struct text *what, const cJSON *object)
{
	const cJSON *item;

	if (!object || !object->child)
		return false;
	if (!what)
		return true;
	cJSON_ArrayForEach (item, object) {
		text_add(what, item == object->child ? "" : " ");
		text_add_clean(what, item->string);
	}
	return true;
}

static bool add_string(struct text *what, const char *string)
{
	if (what)
		text_add_clean(what, string);
	return *string;
}

static bool add_sources(struct text *what, const struct trace_names *names)
{
	const struct trace_location *location;
	uint32_t i, count = 0, lines = 0;

	for (i = 0; i < trace_names_locations_end(names); i++) {
		location = trace_names_location(names, i);
		count += location && location->source.file;
		lines += location && location->text;
	}
	if (what)
		text_addf(what, "%u places", count);
	if (what && lines)
		text_addf(what, ", %u of them with the line", lines);
	return count > 0;
}

static bool add_modules(struct text *what, const struct trace_names *names)
{
	uint32_t i, count = 0;

	for (i = 0; i < trace_names_modules_end(names); i++)
		count += trace_names_module(names, i) != NULL;
	if (what)
		text_addf(what, "%u executables and libraries", count);
	return count > 0;
}

static bool add_stderr(struct text *what, const cJSON *outcome)
{
	size_t bytes = 0;

	free(fields_bytes(outcome, "stderr", &bytes));
	if (what)
		text_addf(what, "the last %zu bytes", bytes);
	return bytes > 0;
}

static bool add_values(struct text *what, uint64_t count)
{
	if (what) {
		text_add_count(what, count);
		text_add(what, " reads and writes");
	}
	return count > 0;
}

static bool add_things(struct text *what, const struct input *input, enum input_sort sort)
{
	const struct input_thing *thing;
	uint64_t count = 0, named = 0;

	for (thing = input->things; thing; thing = thing->hh.next) {
		if (thing->sort != sort || !(thing->in | thing->out) || thing->reference)
			continue;
		count++;
		if (!what || named == NAMED)
			continue;
		text_add(what, named++ ? " " : "");
		text_add_clean(what, thing->name);
	}
	if (what && count > named)
		text_addf(what, " and %llu more", (unsigned long long)(count - named));
	return count > 0;
}

static bool add_times(struct text *what, uint64_t count, const char *noun)
{
	if (what) {
		text_add_count(what, count);
		text_addf(what, " %s%s", noun, count == 1 ? "" : "s");
	}
	return count > 0;
}

static bool add_commands(struct text *what, const struct children *children)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < children->count; i++)
		count += children->child[i].words != NULL;
	if (what)
		text_add_count(what, count);
	return count > 0;
}

static bool add_secrets(struct text *what, const struct secrets *secrets)
{
	bool some = false;
	unsigned i;

	for (i = 0; i < SECRETS_CLASSES; i++) {
		if (!secrets->found[i])
			continue;
		if (what) {
			text_add(what, some ? ", " : "");
			text_add_count(what, secrets->found[i]);
			text_addf(what, " %s", secrets_label(i));
		}
		some = true;
	}
	return some;
}

static const struct {
	const char *word, *label;
} sensitive[INFO_SENSITIVE_COUNT] = {
	{ "argv", "the command line with its arguments" },
	{ "cwd", "the working directory" },
	{ "environment", "environment variables" },
	{ "paths", "paths of files" },
	{ "source", "names of functions and source files" },
	{ "stderr", "standard error" },
	{ "machine", "kernel, libc and CPU of the machine" },
	{ "values", "values of variables" },
	{ "users", "names and ids of users" },
	{ "hosts", "names of hosts" },
	{ "homes", "home directories" },
	{ "files", "contents of files" },
	{ "network", "what went over sockets" },
	{ "stdin", "standard input" },
	{ "children", "the command lines of child processes" },
	{ "secrets", "what looks like keys and passwords" },
};

const char *info_sensitive_word(unsigned i)
{
	return sensitive[i].word;
}

bool info_sensitive(const struct info *info, unsigned i, struct text *what)
{
	const struct trace_file *file = info->file;

	switch (i) {
	case 0:
		return fields_array(file->header, "argv") != NULL;
	case 1:
		return add_string(what, fields_string(file->header, "cwd", ""));
	case 2:
		return add_names(what, fields_object(file->header, "environment"));
	case 3:
		return add_modules(what, file->names);
	case 4:
		return add_sources(what, file->names);
	case 5:
		return add_stderr(what, file->outcome);
	case 6:
		return fields_object(file->header, "system") != NULL;
	case 7:
		return add_values(what, info->census.values);
	case 8:
		return add_times(what, info->input.users, "answer");
	case 9:
		return add_times(what, info->input.hosts, "answer");
	case 10:
		return add_times(what, info->input.homes, "answer");
	case 11:
		return add_things(what, &info->input, INPUT_FILE);
	case 12:
		return add_things(what, &info->input, INPUT_ENDPOINT);
	case 13:
		return add_things(what, &info->input, INPUT_STDIN);
	case 14:
		return add_commands(what, &info->input.children);
	default:
		return add_secrets(what, &info->input.secrets);
	}
}

void info_sensitive_text(const struct info *info, FILE *out)
{
	char space[1024];
	struct text what;
	unsigned i;

	fputs("\nRead before you send it to strangers: it holds\n", out);
	for (i = 0; i < INFO_SENSITIVE_COUNT; i++) {
		text_init(&what, space, sizeof(space));
		if (info_sensitive(info, i, &what))
			fprintf(out, "  %s%s%s\n", sensitive[i].label, what.len ? ": " : "",
				what.data);
	}
}
