/*
 * frontrun explain: the story of a failure from the trace alone: the pattern and the events that
 * show it, who waits for what, and the last events of each thread. Runs nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/commands.h"
#include "recorder/fields.h"
#include "recorder/ids.h"
#include "recorder/library.h"
#include "recorder/options.h"
#include "recorder/story.h"
#include "recorder/text.h"
#include "replayer/pager.h"
#include "replayer/story_events.h"
#include "replayer/tail.h"
#include "replayer/trace_file.h"

enum { LAST_EVENTS = 5, RACES_SHOWN = 5 };

/* The data races of the run, which are notes in the trace, each in several lines. */
struct races {
	char *texts[RACES_SHOWN];
	unsigned count; /* also of those that are not kept */
};

static void races_look(struct races *races, const cJSON *note)
{
	const char *said = fields_string(note, "note", "");
	size_t size = strlen(said) + 1;
	struct text text;

	if (strcmp(fields_string(note, "kind", ""), "race") != 0)
		return;
	if (races->count < RACES_SHOWN) {
		size = 4 * size; /* a byte is four when it is made visible */
		races->texts[races->count] = alloc_check(malloc(size));
		text_init(&text, races->texts[races->count], size);
		text_add_clean_lines(&text, said, strlen(said));
	}
	races->count++;
}

static void races_tell(const struct races *races, FILE *out)
{
	unsigned i;

	for (i = 0; i < races->count && i < RACES_SHOWN; i++) {
		fputc('\n', out);
		text_print_lines(out, "", races->texts[i]);
	}
	if (races->count > RACES_SHOWN)
		fprintf(out, "\nand %u more data races\n", races->count - RACES_SHOWN);
}

static void races_fini(struct races *races)
{
	unsigned i;

	for (i = 0; i < RACES_SHOWN; i++)
		free(races->texts[i]);
}

/* Where the owners of a deadlock took their locks: (lane, k) of each edge, and
 * the event's number. */
struct takings {
	struct {
		uint32_t lane;
		uint64_t k;
	} wanted[STORY_EDGES];
	uint64_t number[STORY_EDGES];
	unsigned count;
};

static void takings_init(struct takings *takings, const cJSON *outcome)
{
	const cJSON *edge;
	unsigned i = 0;

	memset(takings, 0, sizeof(*takings));
	cJSON_ArrayForEach (edge, fields_array(outcome, "edges")) {
		if (i == STORY_EDGES)
			break;
		/* Without a context the runtime does not know when it was taken. */
		if (fields_number(edge, "owner_context", 0))
			takings->wanted[i].lane = fields_number(edge, "owner", 0);
		takings->wanted[i++].k = (uint64_t)fields_int(edge, "owner_k", 0);
	}
	takings->count = i;
}

static void takings_look(struct takings *takings, const struct trace_event *event, uint64_t number)
{
	unsigned i;

	if (event->phase != PHASE_DONE)
		return;
	for (i = 0; i < takings->count; i++)
		if (takings->wanted[i].lane == event->lane && takings->wanted[i].k == event->k)
			takings->number[i] = number + 1;
}

/* The locks with which an interpreter and its library keep house say nothing of the program. */
static bool is_housekeeping(const struct trace_file *file, const struct trace_event *event)
{
	const struct trace_object *object = trace_names_object(file->names, event->object);

	return event->phase == PHASE_DONE && object && object->kind &&
	       strcmp(object->kind, ids_kind_name(OBJECT_LOCK)) == 0 &&
	       library_use(file->names, event->context) & (LIBRARY_NOTHING | LIBRARY_LIFE);
}

/* One pass over the events and notes; damage is left in file->damage. */
static int collect(struct trace_file *file, struct takings *takings, struct tail *tail,
		   struct races *races)
{
	struct trace_line line;
	struct err err = { 0 };

	trace_reader_filter(file->reader,
			    TRACE_LINE_BIT(TRACE_LINE_EVENT) | TRACE_LINE_BIT(TRACE_LINE_NOTE));
	trace_reader_rewind(file->reader);
	while (trace_reader_next(file->reader, &line, &err) > 0) {
		if (line.type == TRACE_LINE_NOTE) {
			races_look(races, line.json);
			continue;
		}
		takings_look(takings, &line.event, line.number);
		if (!is_housekeeping(file, &line.event))
			tail_add(tail, &line.event, line.number);
	}
	if (!err.code)
		return 0;
	file->damage = err;
	return EXIT_VIEW_BAD_TRACE;
}

static int explain(const struct options *options, struct trace_file *file)
{
	unsigned keep = (unsigned)options_count(options, OPTION_LAST, LAST_EVENTS);
	struct story story = {
		.naming = file->naming,
		.verbose = options_given(options, OPTION_VERBOSE),
	};
	struct tail *tail = tail_new(keep);
	unsigned columns = (unsigned)options_count(options, OPTION_WIDTH, pager_columns());
	struct races races = { 0 };
	struct takings takings;
	struct pager pager;
	int status;

	takings_init(&takings, file->outcome);
	pager_begin(&pager, !options_given(options, OPTION_NO_PAGER));
	story.detail = story_events_tell(pager.out, file, columns, NULL, NULL) > 0;
	if (story.detail)
		fputc('\n', pager.out);
	status = collect(file, &takings, tail, &races);
	story.taken = takings.number;
	story.taken_count = takings.count;
	story.out = pager.out;
	story_tell(&story, file->outcome);
	races_tell(&races, story.out);
	races_fini(&races);
	if (keep) {
		fprintf(story.out, "\nThe last events of each thread:\n\n");
		tail_print(tail, file->naming, story.out);
	}
	if (story_is_failure(file->outcome)) {
		fputc('\n', story.out);
		story_commands(story.out, file->path);
	}
	pager_end(&pager);
	tail_free(tail);
	return status;
}

int cmd_explain(const struct command *command, int argc, char **argv)
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
			fprintf(stderr, "frontrun: explaining %s\n", file.path);
		status = explain(&options, &file);
		if (file.damage.code)
			fprintf(stderr, "frontrun: %s: %s\n", file.path, trace_file_damage(&file));
		trace_file_close(&file);
	}
	options_fini(&options);
	return status;
}
