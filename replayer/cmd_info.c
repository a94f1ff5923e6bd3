/*
 * frontrun info: what a trace holds: where it comes from, how the run ended,
 * what it counts, and what it may give away when it is sent to strangers. Runs
 * nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json_out.h"
#include "recorder/alloc.h"
#include "recorder/commands.h"
#include "recorder/fields.h"
#include "recorder/options.h"
#include "recorder/story.h"
#include "replayer/census.h"
#include "replayer/info_text.h"
#include "replayer/rehash.h"
#include "replayer/trace_file.h"

enum { SCHEMA = 1 };

/* Secrets in what is no line of its own: the command line, the environment, standard error. */
static void scan_ends(struct info *info)
{
	const cJSON *item;
	size_t size;
	char *bytes;

	cJSON_ArrayForEach (item, fields_array(info->file->header, "argv")) {
		bytes = fields_item_bytes(item, &size);
		if (bytes)
			secrets_scan(&info->input.secrets, bytes, size);
		free(bytes);
	}
	cJSON_ArrayForEach (item, fields_object(info->file->header, "environment"))
		if (cJSON_IsString(item))
			secrets_scan_named(&info->input.secrets, item->string, item->valuestring);
	bytes = fields_bytes(info->file->outcome, "stderr", &size);
	if (bytes)
		secrets_scan(&info->input.secrets, bytes, size);
	free(bytes);
}

/* Everything that is counted in one pass. */
static void collect(struct info *info, bool verify)
{
	struct trace_file *file = info->file;
	struct rehash *rehash = verify ? rehash_new(file->names) : NULL;
	struct err err = { 0 };
	struct trace_line line;

	trace_reader_filter(file->reader, TRACE_LINE_BIT(TRACE_LINE_EVENT) |
						  TRACE_LINE_BIT(TRACE_LINE_DECISION) |
						  TRACE_LINE_BIT(TRACE_LINE_ANSWER) |
						  TRACE_LINE_BIT(TRACE_LINE_NOTE));
	trace_reader_rewind(file->reader);
	while (trace_reader_next(file->reader, &line, &err) > 0) {
		census_add(&info->census, &line);
		if (line.type == TRACE_LINE_ANSWER)
			input_add(&info->input, &line.answer);
		if (line.type == TRACE_LINE_EVENT && line.event.text)
			secrets_scan(&info->input.secrets, line.event.text, line.event.text_len);
		if (rehash && !info->refused.code)
			rehash_add(rehash, &line, &info->refused);
	}
	if (err.code)
		file->damage = err;
	scan_ends(info);
	if (rehash) {
		rehash_result(rehash, &info->order_hash, &info->hb_hash);
		rehash_free(rehash);
	}
}

static void compare_hashes(struct info *info)
{
	uint64_t order = 0, hb = 0;

	if (info->refused.code) {
		info->verdict = INFO_REFUSED;
		return;
	}
	if (!fields_hash(info->file->outcome, "order_hash", &order) ||
	    !fields_hash(info->file->outcome, "hb_hash", &hb)) {
		info->verdict = INFO_REFUSED;
		err_set(&info->refused, ENOENT, "the trace has no hashes to compare with");
		return;
	}
	info->verdict = order == info->order_hash && hb == info->hb_hash ? INFO_SAME
									 : INFO_DIFFERENT;
}

static void json_optional_string(struct json_out *out, const char *key, const char *text)
{
	json_key(out, key);
	json_string(out, text);
}

static void json_counts(struct json_out *out, const struct info *info)
{
	const struct census *census = &info->census;
	unsigned kind;

	json_key(out, "kinds");
	json_object_begin(out);
	for (kind = 1; kind < EVENT_COUNT; kind++) {
		if (!census->kinds[kind])
			continue;
		json_key(out, event_kind_name(kind));
		json_uint(out, census->kinds[kind]);
	}
	json_object_end(out);
}

static void json_threads(struct json_out *out, const struct info *info)
{
	const struct trace_lane *lane;
	uint32_t i, listed = 0;

	json_key(out, "threads");
	json_array_begin(out);
	for (i = 0; i < info->census.lanes_end && listed < INFO_JSON_THREADS; i++) {
		lane = trace_names_lane(info->file->names, i);
		if (!lane)
			continue;
		listed++;
		json_object_begin(out);
		json_key(out, "lane");
		json_uint(out, i);
		json_optional_string(out, "id", lane->id);
		json_optional_string(out, "name", lane->name);
		json_key(out, "events");
		json_uint(out, info->census.lanes[i]);
		json_object_end(out);
	}
	json_array_end(out);
}

static void json_sensitive(struct json_out *out, const struct info *info)
{
	unsigned i;

	json_key(out, "sensitive");
	json_array_begin(out);
	for (i = 0; i < INFO_SENSITIVE_COUNT; i++)
		if (info_sensitive(info, i, NULL))
			json_string(out, info_sensitive_word(i));
	json_array_end(out);
}

static void print_json(const struct info *info)
{
	const cJSON *outcome = info->file->outcome, *trapped = fields_object(outcome, "trapped");
	struct json_out out;
	uint64_t hash;

	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "schema");
	json_int(&out, SCHEMA);
	json_optional_string(&out, "file", info->file->path);
	json_key(&out, "complete");
	json_bool(&out, !info->file->damage.code);
	if (info->file->damage.code)
		json_optional_string(&out, "damage", info->file->damage.text);
	json_optional_string(&out, "verdict", fields_string(outcome, "outcome", NULL));
	json_key(&out, "status");
	json_int(&out, fields_int(outcome, "status", 0));
	json_key(&out, "failure");
	json_bool(&out, story_is_failure(outcome));
	if (fields_string(fields_object(outcome, "finding"), "gil", NULL))
		json_optional_string(&out, "gil",
				     fields_string(fields_object(outcome, "finding"), "gil", NULL));
	json_key(&out, "order_hash");
	fields_hash(outcome, "order_hash", &hash) ? json_hash(&out, hash) : json_null(&out);
	json_key(&out, "hb_hash");
	fields_hash(outcome, "hb_hash", &hash) ? json_hash(&out, hash) : json_null(&out);
	if (info->verdict != INFO_UNVERIFIED) {
		json_key(&out, "verified");
		json_bool(&out, info->verdict == INFO_SAME);
	}
	json_key(&out, "events");
	json_uint(&out, info->census.events);
	json_key(&out, "decisions");
	json_uint(&out, info->census.decisions);
	json_key(&out, "switches");
	json_int(&out, fields_int(outcome, "switches", 0));
	json_key(&out, "lanes");
	json_uint(&out, info_count_lanes(info));
	json_key(&out, "objects");
	json_uint(&out, info_count_objects(info));
	json_key(&out, "notes");
	json_uint(&out, info->census.notes);
	json_counts(&out, info);
	json_threads(&out, info);
	info_input_json(info, &out);
	json_sensitive(&out, info);
	if (trapped) {
		json_key(&out, "trapped");
		json_cjson(&out, trapped);
	}
	json_key(&out, "header");
	json_cjson(&out, info->file->header);
	json_object_end(&out);
	json_newline(&out);
	fwrite(out.data, 1, out.len, stdout);
	json_out_fini(&out);
}

static int info_print(const struct options *options, struct trace_file *file)
{
	bool verify = options_given(options, OPTION_VERIFY);
	struct info *info = alloc_check(calloc(1, sizeof(*info)));
	int status = 0;

	signal(SIGPIPE, SIG_IGN); /* a reader that leaves early is no error */
	info->file = file;
	census_init(&info->census, file->names);
	input_init(&info->input);
	collect(info, verify);
	if (verify)
		compare_hashes(info);
	if (options_given(options, OPTION_JSON))
		print_json(info);
	else
		info_text(info, stdout);
	fflush(stdout); /* before what follows on stderr */
	if (info->verdict == INFO_REFUSED)
		fprintf(stderr, "frontrun: %s: %s\n", file->path, info->refused.text);
	if (info->verdict == INFO_DIFFERENT)
		fprintf(stderr,
			"frontrun: %s: the events do not have the hashes of the outcome: "
			"the trace "
			"was changed, or a runtime of another version wrote it\n",
			file->path);
	if (info->verdict == INFO_REFUSED || info->verdict == INFO_DIFFERENT)
		status = EXIT_VIEW_BAD_TRACE;
	census_fini(&info->census);
	input_fini(&info->input);
	free(info);
	return status;
}

int cmd_info(const struct command *command, int argc, char **argv)
{
	struct trace_file file;
	struct options options;
	struct err err = { 0 };
	int status = options_parse(&options, command, argc, argv);

	if (status >= 0)
		return status;
	if (options.n_words > 1) {
		status = options_usage_error(command, "one trace at a time, not also \"%s\"",
					     options.words[1]);
	} else if (trace_file_open(&file, options.words[0], &err) < 0) {
		fprintf(stderr, "frontrun: %s\n", err.text);
		status = EXIT_VIEW_BAD_TRACE;
	} else {
		if (file.chosen)
			fprintf(stderr, "frontrun: about %s\n", file.path);
		status = info_print(&options, &file);
		if (file.damage.code) {
			fprintf(stderr, "frontrun: %s: %s\n", file.path, trace_file_damage(&file));
			status = EXIT_VIEW_BAD_TRACE;
		}
		trace_file_close(&file);
	}
	options_fini(&options);
	return status;
}
