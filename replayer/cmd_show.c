/*
 * frontrun show: a trace as swimlanes on the terminal. Reads nothing but the
 * trace, and streams it.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/commands.h"
#include "recorder/options.h"
#include "replayer/pager.h"
#include "replayer/swimlane.h"
#include "replayer/trace_file.h"

/* What --thread, --kind and --objects select. */
struct selection {
	uint32_t lane;
	bool kinds[EVENT_COUNT];
	bool *objects;
	uint32_t objects_end;
};

static int select_lane(const struct options *options, const struct trace_file *file,
		       struct selection *selection)
{
	const char *name = options_string(options, OPTION_THREAD, NULL);
	uint32_t lane, end = trace_names_lanes_end(file->names);
	char space[256];
	struct text text;

	if (!name)
		return 0;
	for (lane = 1; lane < end; lane++)
		if (naming_lane_is(file->naming, lane, name)) {
			selection->lane = lane;
			return 0;
		}
	text_init(&text, space, sizeof(space));
	for (lane = 1; lane < end && lane <= 8; lane++)
		if (trace_names_lane(file->names, lane)) {
			text_add(&text, text.len ? ", " : "");
			naming_lane(file->naming, &text, lane);
		}
	return options_usage_error(options->command, "no thread \"%s\" in the trace; it has %s%s",
				   name, text.data, end > 9 ? ", ..." : "");
}

static int select_kinds(const struct options *options, struct selection *selection)
{
	const char *pattern = options_string(options, OPTION_KIND, NULL);
	const char *names[EVENT_COUNT], *near;
	unsigned kind, found = 0;

	if (!pattern)
		return 0;
	for (kind = 1; kind < EVENT_COUNT; kind++) {
		names[kind - 1] = event_kind_name(kind);
		selection->kinds[kind] = fnmatch(pattern, event_kind_name(kind), 0) == 0;
		found += selection->kinds[kind];
	}
	if (found)
		return 0;
	near = options_nearest(pattern, names, EVENT_COUNT - 1);
	return options_usage_error(options->command, "no kind of event is called \"%s\"%s%s%s",
				   pattern, near ? "; did you mean \"" : "", near ? near : "",
				   near ? "\"?" : "");
}

static int select_objects(const struct options *options, const struct trace_file *file,
			  struct selection *selection)
{
	const char *pattern = options_string(options, OPTION_OBJECTS, NULL);
	uint32_t object, found = 0, end = trace_names_objects_end(file->names);

	if (!pattern)
		return 0;
	selection->objects = alloc_check(calloc(end + 1, sizeof(bool)));
	selection->objects_end = end;
	for (object = 1; object < end; object++) {
		selection->objects[object] = naming_object_is(file->naming, object, pattern);
		found += selection->objects[object];
	}
	if (found)
		return 0;
	return options_usage_error(options->command,
				   "no object \"%s\" in the trace: `frontrun info` lists them",
				   pattern);
}

/* To the first event that is wanted. 0, or an exit status. */
static int seek(const struct options *options, struct trace_file *file, uint64_t events)
{
	uint64_t from = options_count(options, OPTION_FROM, 1);
	struct err err = { 0 };

	trace_reader_filter(file->reader, TRACE_LINE_BIT(TRACE_LINE_EVENT) |
						  TRACE_LINE_BIT(TRACE_LINE_DECISION) |
						  (options_given(options, OPTION_IO)
							   ? TRACE_LINE_BIT(TRACE_LINE_ANSWER)
							   : 0) |
						  TRACE_LINE_BIT(TRACE_LINE_NOTE));
	if (from <= 1)
		return 0;
	if (trace_reader_seek_event(file->reader, from - 1, &err) == 0)
		return 0;
	if (err.code == ERANGE)
		return options_usage_error(options->command, "the trace has %llu events",
					   (unsigned long long)events);
	fprintf(stderr, "frontrun: %s: %s\n", file->path, err.text);
	return EXIT_VIEW_BAD_TRACE;
}

/* Prints until the trace, the count or the reader's patience is at its end. */
static int print(const struct options *options, struct trace_file *file, FILE *out,
		 const struct swimlane_options *how)
{
	uint64_t count = options_count(options, OPTION_EVENTS, UINT64_MAX);
	struct swimlane *swimlane = swimlane_new(file->naming, out, how);
	struct trace_line line;
	struct err err = { 0 };
	int rc;

	while (swimlane_printed(swimlane) < count && !ferror(out)) {
		rc = trace_reader_next(file->reader, &line, &err);
		if (rc <= 0)
			break;
		swimlane_add(swimlane, &line);
	}
	swimlane_free(swimlane);
	if (!err.code)
		return 0;
	fflush(out);
	file->damage = err;
	return EXIT_VIEW_BAD_TRACE;
}

static int show(const struct options *options, struct trace_file *file, struct selection *selection)
{
	struct err err = { 0 };
	int64_t events = trace_reader_total_events(file->reader, &err);
	struct swimlane_options how = {
		.io = options_given(options, OPTION_IO),
		.all = options_given(options, OPTION_ALL),
		.width = (unsigned)options_count(options, OPTION_WIDTH, pager_columns()),
		.events = events > 0 ? (uint64_t)events : 0,
	};
	struct pager pager;
	int status;

	if ((status = select_lane(options, file, selection)) ||
	    (status = select_kinds(options, selection)) ||
	    (status = select_objects(options, file, selection)) ||
	    (status = seek(options, file, how.events)))
		return status;
	how.lane = selection->lane;
	how.kinds = options_given(options, OPTION_KIND) ? selection->kinds : NULL;
	how.objects = selection->objects;
	how.objects_end = selection->objects_end;
	pager_begin(&pager, !options_given(options, OPTION_NO_PAGER));
	status = print(options, file, pager.out, &how);
	pager_end(&pager);
	return status;
}

int cmd_show(const struct command *command, int argc, char **argv)
{
	struct selection selection = { 0 };
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
			fprintf(stderr, "frontrun: showing %s\n", file.path);
		status = show(&options, &file, &selection);
		if (file.damage.code)
			fprintf(stderr, "frontrun: %s: %s\n", file.path, trace_file_damage(&file));
		trace_file_close(&file);
	}
	free(selection.objects);
	options_fini(&options);
	return status;
}
