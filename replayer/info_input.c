/*
 * The section of `frontrun info` on input: see info_text.h.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "formats/syscall_names.h"
#include "recorder/fields.h"
#include "replayer/answer_text.h"
#include "replayer/info_text.h"

enum { CALLS = 24, FILES = 20, CHILDREN = 20, LINE = 1024 };

/* Was input recorded at all? */
static bool is_kept(const struct info *info)
{
	const cJSON *plan = fields_object(info->file->header, "plan"), *flag;

	cJSON_ArrayForEach (flag, fields_array(plan, "flags"))
		if (cJSON_IsString(flag) && !strcmp(flag->valuestring, "keep_answers"))
			return true;
	return false;
}

static void add_call(struct text *text, unsigned call)
{
	const char *name = syscall_name(call);

	if (name)
		text_add(text, name);
	else if (call == INPUT_CALLS - 1)
		text_add(text, "of names that this version does not know");
	else
		text_addf(text, "call %u", call);
}

/* Files by reference are in the trace all the same. */
static bool is_packed(const struct info *info)
{
	return fields_object(info->file->header, "pack") != NULL;
}

static void put_totals(const struct input *input, FILE *out)
{
	char space[LINE];
	struct text text;

	text_init(&text, space, sizeof(space));
	text_add_count(&text, input->calls);
	text_addf(&text, " call%s, ", input->calls == 1 ? "" : "s");
	text_add_count(&text, input->in);
	text_add(&text, " bytes came in, ");
	text_add_count(&text, input->out);
	text_add(&text, " were sent");
	fprintf(out, "  %s\n", text.data);
	if (!input->redacted)
		return;
	text_reset(&text);
	text_add_count(&text, input->redacted);
	fprintf(out, "  %s with bytes that --redact has overwritten\n", text.data);
}

static void put_calls(const struct input *input, FILE *out)
{
	uint64_t counts[INPUT_CALLS];
	uint32_t top[CALLS], i, n, total = 0;
	char space[LINE];
	struct text text;

	for (i = 0; i < INPUT_CALLS; i++) {
		counts[i] = input->by_call[i].calls;
		total += counts[i] > 0;
	}
	n = census_top(counts, INPUT_CALLS, top, CALLS);
	text_init(&text, space, sizeof(space));
	for (i = 0; i < n; i++) {
		text_reset(&text);
		add_call(&text, top[i]);
		if (input->by_call[top[i]].in) {
			text_add(&text, ", ");
			text_add_count(&text, input->by_call[top[i]].in);
			text_add(&text, " bytes");
		}
		info_put_count(out, counts[top[i]], &text);
	}
	info_put_more(out, total, n);
}

/* Things of one sort, by how much came in, in the order of their first use where that is equal. */
static void put_things(const struct input *input, enum input_sort sort, bool reference,
		       const char *heading, FILE *out)
{
	const struct input_thing *thing;
	uint64_t total = 0, shown = 0;
	char space[LINE];
	struct text text;

	text_init(&text, space, sizeof(space));
	for (thing = input->things; thing; thing = thing->hh.next) {
		if (thing->sort != sort || thing->reference != reference ||
		    !(thing->in | thing->out))
			continue;
		if (!total++)
			fprintf(out, "\n%s\n", heading);
		if (shown == FILES)
			continue;
		shown++;
		text_reset(&text);
		text_add_clean(&text, thing->name);
		if (thing->out) {
			text_add(&text, ", sent ");
			text_add_count(&text, thing->out);
		}
		info_put_count(out, thing->in, &text);
	}
	info_put_more(out, total, shown);
}

static void add_ending(struct text *text, const struct child *child)
{
	if (!child->waited_for)
		return;
	if (WIFEXITED(child->status))
		text_addf(text, ", exit status %d", WEXITSTATUS(child->status));
	else if (WIFSIGNALED(child->status))
		text_addf(text, ", killed by signal %d", WTERMSIG(child->status));
}

/* By number: "2  tr a-z A-Z, of child 1, 12 bytes printed, exit status 0". */
static void put_children(const struct children *children, FILE *out)
{
	const struct child *child;
	char space[LINE];
	struct text text;
	size_t i;

	if (children->count)
		fputs("\nChild processes, by number; a replay does not run them\n", out);
	text_init(&text, space, sizeof(space));
	for (i = 0; i < children->count && i < CHILDREN; i++) {
		child = &children->child[i];
		text_reset(&text);
		if (child->words)
			answer_words(&text, child->words, child->words_len);
		else
			text_add(&text, "(forked)");
		if (child->maker)
			text_addf(&text, ", of child %" PRId64, child->maker);
		if (child->unseen)
			text_add(&text, ", static or setuid: its output is not in the trace");
		if (child->printed) {
			text_add(&text, ", ");
			text_add_count(&text, child->printed);
			text_add(&text, " bytes printed");
		}
		add_ending(&text, child);
		info_put_count(out, (uint64_t)child->number, &text);
	}
	info_put_more(out, children->count, i);
}

void info_input_text(const struct info *info, FILE *out)
{
	const struct input *input = &info->input;

	if (!is_kept(info)) {
		fputs("\nInput is not in the trace: a replay asks files, servers and clock again\n",
		      out);
		return;
	}
	fputs("\nInput, which a replay gets from the trace\n", out);
	put_totals(input, out);
	put_calls(input, out);
	put_things(input, INPUT_STDIN, false, "Bytes from standard input", out);
	put_things(input, INPUT_FILE, false, "Files, by name: bytes that came in", out);
	put_things(input, INPUT_ENDPOINT, false, "Endpoints: bytes that came in", out);
	put_things(input, INPUT_FILE, true,
		   is_packed(info) ? "Files that are packed in the trace: bytes that came in"
				   : "Files that are not in the trace, and that a replay needs "
				     "unchanged (see --pack)",
		   out);
	put_children(&input->children, out);
}

static void json_things(struct json_out *out, const struct input *input, const char *key,
			enum input_sort sort)
{
	const struct input_thing *thing;

	json_key(out, key);
	json_array_begin(out);
	for (thing = input->things; thing; thing = thing->hh.next) {
		if (thing->sort != sort)
			continue;
		json_object_begin(out);
		json_key(out, "name");
		json_string(out, thing->name);
		json_key(out, "in");
		json_uint(out, thing->in);
		json_key(out, "sent");
		json_uint(out, thing->out);
		if (thing->reference) {
			json_key(out, "reference");
			json_bool(out, true);
		}
		json_object_end(out);
	}
	json_array_end(out);
}

static void json_children(struct json_out *out, const struct children *children)
{
	const struct child *child;
	char space[LINE];
	struct text text;
	size_t i;

	json_key(out, "children");
	json_array_begin(out);
	for (i = 0; i < children->count; i++) {
		child = &children->child[i];
		text_init(&text, space, sizeof(space));
		answer_words(&text, child->words, child->words_len);
		json_object_begin(out);
		json_key(out, "child");
		json_int(out, child->number);
		json_key(out, "of");
		json_int(out, child->maker);
		json_key(out, "command");
		json_string(out, text.data);
		json_key(out, "printed");
		json_uint(out, child->printed);
		json_key(out, "seen");
		json_bool(out, !child->unseen);
		if (child->waited_for) {
			json_key(out, "wait_status");
			json_int(out, child->status);
		}
		json_object_end(out);
	}
	json_array_end(out);
}

static void json_calls(struct json_out *out, const struct input *input)
{
	char space[64];
	struct text text;
	unsigned call;

	json_key(out, "by_call");
	json_object_begin(out);
	for (call = 0; call < INPUT_CALLS; call++) {
		if (!input->by_call[call].calls)
			continue;
		text_init(&text, space, sizeof(space));
		add_call(&text, call);
		json_key(out, text.data);
		json_object_begin(out);
		json_key(out, "calls");
		json_uint(out, input->by_call[call].calls);
		json_key(out, "bytes");
		json_uint(out, input->by_call[call].in);
		json_object_end(out);
	}
	json_object_end(out);
}

static void json_secrets(struct json_out *out, const struct secrets *secrets)
{
	unsigned i;

	json_key(out, "secrets");
	json_object_begin(out);
	for (i = 0; i < SECRETS_CLASSES; i++) {
		if (!secrets->found[i])
			continue;
		json_key(out, secrets_word(i));
		json_uint(out, secrets->found[i]);
	}
	json_object_end(out);
}

void info_input_json(const struct info *info, struct json_out *out)
{
	const struct input *input = &info->input;

	json_key(out, "input");
	json_object_begin(out);
	json_key(out, "kept");
	json_bool(out, is_kept(info));
	json_key(out, "hermetic");
	json_bool(out, is_kept(info) && (!input->references || is_packed(info)));
	json_key(out, "packed");
	json_bool(out, is_packed(info));
	json_key(out, "calls");
	json_uint(out, input->calls);
	json_key(out, "in");
	json_uint(out, input->in);
	json_key(out, "sent");
	json_uint(out, input->out);
	json_key(out, "redacted");
	json_uint(out, input->redacted);
	json_calls(out, input);
	json_things(out, input, "stdin", INPUT_STDIN);
	json_things(out, input, "files", INPUT_FILE);
	json_things(out, input, "endpoints", INPUT_ENDPOINT);
	json_children(out, &input->children);
	json_secrets(out, &input->secrets);
	json_object_end(out);
}
