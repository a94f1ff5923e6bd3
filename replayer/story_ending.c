/*
 * Reads the outcome: the failure in one line, the finding in another.
 */
#include "replayer/story_ending.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/fields.h"
#include "recorder/story.h"
#include "recorder/text.h"

uint32_t story_ending_place(const struct trace_file *file, uint32_t otherwise)
{
	const struct trace_location *location;
	const cJSON *item;

	cJSON_ArrayForEach (item, fields_array(file->outcome, "frames")) {
		if (!cJSON_IsNumber(item) || item->valuedouble < 0)
			continue;
		location = trace_names_location(file->names, (uint32_t)item->valuedouble);
		if (location && location->user)
			return (uint32_t)item->valuedouble;
	}
	return otherwise;
}

/* The line with the assertion, else the last line that is not empty. */
static void add_last_words(struct text *text, const cJSON *outcome)
{
	size_t size, length, best_length = 0;
	char *tail = fields_bytes(outcome, "stderr", &size), *line, *best = NULL, *end;
	bool found = false;

	if (!tail)
		return;
	end = tail + size;
	for (line = tail; line < end; line += length + 1) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		bool assertion;

		length = (size_t)((newline ? newline : end) - line);
		assertion = memmem(line, length, "Assert", strlen("Assert")) ||
			    memmem(line, length, "assert", strlen("assert"));
		if (length && (assertion || !found)) {
			best = line;
			best_length = length;
		}
		found |= assertion;
	}
	if (best)
		text_add_clean_n(text, best, best_length);
	free(tail);
}

static void tell_failure(FILE *out, const cJSON *outcome, unsigned width)
{
	const cJSON *finding = fields_object(outcome, "finding");
	int64_t confirmed = fields_int(finding, "confirmed", -1);
	int64_t runs = fields_int(finding, "runs", 0);
	const char *judged = story_judged_afterwards(outcome);
	char space[1024], sure_space[64];
	struct text text, sure;

	text_init(&text, space, sizeof(space));
	/* Who waits for ever says nothing, and who ended well may have said anything. */
	if (judged)
		text_add_clean(&text, judged);
	else if (story_verdict(outcome) == VERDICT_EXIT || story_verdict(outcome) == VERDICT_SIGNAL)
		add_last_words(&text, outcome);
	if (!text.len)
		story_word(&text, outcome);
	else if (story_verdict(outcome) == VERDICT_EXIT && !judged)
		text_addf(&text, " (exit status %d)", (int)fields_int(outcome, "status", 0));
	text_init(&sure, sure_space, sizeof(sure_space));
	if (runs > 0 && confirmed >= 0 && confirmed <= runs)
		text_addf(&sure, "reproduced %" PRId64 "/%" PRId64 " (%d%%)", confirmed, runs,
			  (int)((double)confirmed * 100 / (double)runs));
	if (sure.len && text_columns(&text) + 2 + sure.len <= width) {
		text_pad(&text, width - sure.len);
		text_add(&text, sure.data);
		text_reset(&sure);
		fprintf(out, "%s\n", text.data);
	} else {
		text_print_wrapped(out, width, text.data);
	}
	if (sure.len)
		fprintf(out, "%s\n", sure.data);
}

static void add_number(struct text *text, uint64_t number, const char *thing)
{
	text_add_count(text, number);
	text_addf(text, " %s%s", thing, number == 1 ? "" : "s");
}

static void tell_finding(FILE *out, const struct history *history, unsigned width)
{
	const cJSON *finding = fields_object(history->file->outcome, "finding");
	int64_t before = fields_int(finding, "decisions_before", 0);
	int64_t schedule = fields_int(finding, "schedule", 0), of = fields_int(finding, "of", 0);
	const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(finding, "seconds");
	char space[256];
	struct text text;

	text_init(&text, space, sizeof(space));
	add_number(&text,
		   (uint64_t)fields_int(finding, "preemptions", (int64_t)history->preemptions),
		   "preemption");
	if (before > 0) {
		text_add(&text, ", minimised from ");
		add_number(&text, (uint64_t)before, "decision");
		text_add(&text, " to ");
		text_add_count(&text, (uint64_t)fields_int(finding, "decisions",
							   (int64_t)history->decisions));
	} else if (!finding) {
		text_add(&text, ", not minimised");
	}
	if (schedule > 0) {
		text_add(&text, "; found at schedule ");
		text_add_count(&text, (uint64_t)schedule);
		if (of > 0) {
			text_add(&text, " of ");
			text_add_count(&text, (uint64_t)of);
		}
		if (cJSON_IsNumber(seconds) && seconds->valuedouble >= 0 &&
		    seconds->valuedouble < 1e9)
			text_addf(&text, seconds->valuedouble < 1 ? " in %.2f s" : " in %.1f s",
				  seconds->valuedouble);
	}
	text_print_wrapped(out, width, text.data);
}

/* Whether an interpreter with a global lock can do that at all. */
static void tell_gil(FILE *out, const cJSON *outcome, unsigned width)
{
	const char *gil = fields_string(fields_object(outcome, "finding"), "gil", "");

	if (strcmp(gil, "on") == 0)
		text_print_wrapped(out, width, "can happen: yes, on this interpreter as it is");
	else if (strcmp(gil, "off") == 0)
		text_print_wrapped(out, width,
				   "can happen: only without the GIL (free-threaded builds, other "
				   "interpreters, a future version)");
}

void story_ending_tell(FILE *out, const struct history *history, unsigned width)
{
	tell_failure(out, history->file->outcome, width);
	tell_finding(out, history, width);
	tell_gil(out, history->file->outcome, width);
}
