/*
 * Lays out the beats of a pattern: each in the column of its thread, a rule between two threads
 * that says why the first one did not go on.
 */
#include "replayer/story_events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/story.h"
#include "recorder/text.h"
#include "replayer/sections.h"
#include "replayer/snippet.h"
#include "replayer/story_ending.h"

enum { INDENT = 2, LEAST_RULE = 4, MANY = 100, HEAD_WIDEST = 16, NARROWEST = 40 };

struct layout {
	FILE *out;
	const struct history *history;
	const struct naming *naming;
	const struct pattern *pattern;
	unsigned width;
	uint32_t lanes[STORY_EVENTS_COLUMNS]; /* of each column */
	unsigned columns;                     /* 0: prefixes */
	unsigned column_width;
	unsigned head; /* width of the longest head, for prefixes */
	unsigned lines;
};

static bool has_column(const struct layout *layout, uint32_t lane)
{
	unsigned i;

	for (i = 0; i < layout->columns; i++)
		if (layout->lanes[i] == lane)
			return true;
	return false;
}

static void measure_heads(struct layout *layout)
{
	char space[256];
	struct text text;
	unsigned i;

	for (i = 0; i < layout->pattern->beats_n; i++) {
		text_init(&text, space, sizeof(space));
		naming_lane_head(layout->naming, &text, layout->pattern->beats[i].lane);
		text_cut(&text, HEAD_WIDEST);
		if (text_columns(&text) > layout->head)
			layout->head = (unsigned)text_columns(&text);
	}
}

static void choose_columns(struct layout *layout)
{
	const struct pattern *pattern = layout->pattern;
	unsigned i, j;

	for (i = 0; i < pattern->beats_n; i++) {
		if (has_column(layout, pattern->beats[i].lane))
			continue;
		if (layout->columns == STORY_EVENTS_COLUMNS) {
			layout->columns = 0;
			return;
		}
		for (j = layout->columns++; j > 0 && layout->lanes[j - 1] > pattern->beats[i].lane;
		     j--)
			layout->lanes[j] = layout->lanes[j - 1];
		layout->lanes[j] = pattern->beats[i].lane;
	}
	if (layout->width < STORY_EVENTS_NARROWEST)
		layout->columns = 0;
	if (layout->columns)
		layout->column_width = (layout->width - INDENT) / layout->columns;
}

static void put_heads(struct layout *layout)
{
	char space[256];
	struct text text;
	unsigned i;

	fputc('\n', layout->out);
	if (!layout->columns)
		return;
	for (i = 0; i < layout->columns; i++) {
		text_init(&text, space, sizeof(space));
		naming_lane_head(layout->naming, &text, layout->lanes[i]);
		text_cut(&text, layout->column_width - 2);
		if (i + 1 < layout->columns)
			text_pad(&text, layout->column_width);
		fprintf(layout->out, "%*s%s", i ? 0 : INDENT, "", text.data);
	}
	fputc('\n', layout->out);
	layout->lines += 2;
}

/* A line of a lane, `indent` deep. */
static void put_line(struct layout *layout, uint32_t lane, unsigned indent, const char *words)
{
	char space[512], head_space[256];
	struct text text, head;
	unsigned i, before = INDENT;

	text_init(&text, space, sizeof(space));
	text_addf(&text, "%*s%s", (int)indent, "", words);
	if (layout->columns) {
		for (i = 0; i < layout->columns && layout->lanes[i] != lane; i++)
			before += layout->column_width;
		text_cut(&text, layout->column_width - 1);
		fprintf(layout->out, "%*s%s\n", (int)before, "", text.data);
	} else {
		text_init(&head, head_space, sizeof(head_space));
		naming_lane_head(layout->naming, &head, lane);
		text_cut(&head, HEAD_WIDEST);
		text_pad(&head, layout->head);
		fprintf(layout->out, "%s | %s\n", head.data, text.data);
	}
	layout->lines++;
}

/* How much of a line there is. */
static unsigned room(const struct layout *layout)
{
	return layout->columns ? layout->column_width - 1 : layout->width - layout->head - 3;
}

/* "bank.c:17-19", the whole place where there is no line. */
static void add_place(const struct layout *layout, struct text *text, const struct beat *beat,
		      uint32_t at, const struct snippet *snippet)
{
	if (beat->depth)
		naming_line(layout->naming, text, at);
	else
		naming_place(layout->naming, text, layout->history->events[beat->begin].context);
	if (snippet->last)
		text_addf(text, "-%u", snippet->last);
}

static void put_place(struct layout *layout, const struct beat *beat, uint32_t at)
{
	const struct history_event *events = layout->history->events;
	struct snippet snippet;
	char space[512];
	struct text text;
	unsigned i = 0;
	size_t columns;

	snippet_find(&snippet, layout->history, at,
		     beat->end != beat->begin
			     ? sections_frame(layout->history, events[beat->end].context, 0)
			     : 0);
	text_init(&text, space, sizeof(space));
	if (beat->fails && beat->under)
		naming_line(layout->naming, &text, at);
	else
		add_place(layout, &text, beat, at, &snippet);
	columns = text_columns(&text);
	if (!columns)
		return;
	if (snippet.lines_n && columns + 2 + strlen(snippet.lines[0]) <= room(layout)) {
		text_add(&text, "  ");
		text_add_clean(&text, snippet.lines[i++]);
	}
	put_line(layout, beat->lane, 0, text.data);
	for (; i < snippet.lines_n; i++) {
		text_reset(&text);
		text_add_clean(&text, snippet.lines[i]);
		put_line(layout, beat->lane, 4, text.data);
	}
}

/* What is done, in few words. */
static void add_words(struct layout *layout, struct text *text, const struct beat *beat)
{
	const struct history_event *stored = &layout->history->events[beat->begin];
	struct trace_event event = {
		.kind = stored->kind,
		.phase = stored->phase,
		.object = history_called(layout->history, stored->object),
		.result = stored->result,
		.text = stored->text,
		.text_len = stored->text ? strlen(stored->text) : 0,
	};

	/* A lock by another's name is one all the same. */
	if (event.object != stored->object && stored->kind == EVENT_MUTEX_TRYLOCK &&
	    !stored->result)
		event.kind = EVENT_MUTEX_LOCK;
	if (beat->under) {
		text_add(text, "under ");
		naming_object(layout->naming, text, history_called(layout->history, beat->under));
	} else if (stored->kind == EVENT_COND_WOKEN && stored->phase == PHASE_DONE) {
		text_add(text, "comes back");
		naming_result(text, stored->kind, stored->result);
	} else if (!beat->fails || naming_has_value(stored->kind)) {
		naming_step(layout->naming, text, &event);
	}
}

static void put_words(struct layout *layout, const struct beat *beat)
{
	char space[512];
	struct text text;

	text_init(&text, space, sizeof(space));
	add_words(layout, &text, beat);
	if (beat->note[0] &&
	    text_columns(&text) + strlen(" <- ") + strlen(beat->note) + INDENT > room(layout)) {
		put_line(layout, beat->lane, INDENT, text.data);
		text_reset(&text);
	}
	if (beat->note[0])
		text_addf(&text, "%s<- %s", text.len ? " " : "", beat->note);
	if (text.len)
		put_line(layout, beat->lane, INDENT, text.data);
	if (beat->fails)
		put_line(layout, beat->lane, INDENT, "<- fails here");
}

static void put_beat(struct layout *layout, const struct beat *beat)
{
	uint32_t at = sections_frame(layout->history, layout->history->events[beat->begin].context,
				     beat->depth);

	if (beat->fails && beat->under)
		at = story_ending_place(layout->history->file, at);
	put_place(layout, beat, at);
	put_words(layout, beat);
}

/* What the lane did between two beats and is not shown. */
static void put_gap(struct layout *layout, uint32_t lane, size_t from, size_t to)
{
	const struct history_event *events = layout->history->events;
	uint64_t own = 0;
	char space[128];
	struct text text;
	size_t i;

	for (i = from + 1; i <= to; i++)
		if (events[i].lane == lane)
			own += events[i].own;
	if (own < MANY)
		return;
	text_init(&text, space, sizeof(space));
	text_add(&text, "... ");
	text_add_count(&text, own);
	text_add(&text, " operations on own locks");
	put_line(layout, lane, 0, text.data);
}

/* Why the lane did not go on after its last event before `to`. */
static void add_reason(const struct layout *layout, struct text *text, uint32_t lane, size_t from,
		       size_t to)
{
	const struct history *history = layout->history;
	const struct history_choice *choice;
	size_t last = history_before(history, lane, to);
	const struct history_event *event;

	if (last == HISTORY_NONE)
		return;
	event = &history->events[last];
	choice = history_preemption(history, lane, from, to);
	if (event->kind == EVENT_THREAD_END && event->phase == PHASE_DONE) {
		text_addf(text, "T%u finished", lane);
	} else if (choice) {
		text_addf(text, "preemption %u of %" PRIu64, choice->preemption,
			  history->preemptions);
	} else if (event->phase == PHASE_ANNOUNCED && event->object) {
		text_addf(text, "T%u ", lane);
		naming_waiting(layout->naming, text, event->kind,
			       history_called(layout->history, event->object), 0);
	}
}

static void put_switch(struct layout *layout, const struct beat *before, const struct beat *beat)
{
	char space[512], why[256];
	struct text line, reason;
	size_t columns, width = layout->columns ? layout->width : 0;

	text_init(&reason, why, sizeof(why));
	add_reason(layout, &reason, before->lane, before->begin, beat->begin);
	text_init(&line, space, sizeof(space));
	text_addf(&line, " switch T%u -> T%u", before->lane, beat->lane);
	if (reason.len)
		text_addf(&line, " (%s)", reason.data);
	text_cut(&line, layout->width - LEAST_RULE);
	for (columns = text_columns(&line) + LEAST_RULE; columns < width; columns++)
		fputc('-', layout->out);
	fprintf(layout->out, "%.*s%s\n", LEAST_RULE, "----", line.data);
	layout->lines++;
}

static size_t last_shown(const struct layout *layout, uint32_t lane, unsigned beats)
{
	while (beats-- > 0)
		if (layout->pattern->beats[beats].lane == lane)
			return layout->pattern->beats[beats].begin;
	return 0;
}

static void put_beats(struct layout *layout)
{
	const struct pattern *pattern = layout->pattern;
	const struct beat *beat;
	unsigned i;

	put_heads(layout);
	for (i = 0; i < pattern->beats_n; i++) {
		beat = &pattern->beats[i];
		if (layout->lines > STORY_EVENTS_LINES - 6) {
			fprintf(layout->out, "  ... %u more\n", pattern->beats_n - i);
			break;
		}
		if (i && beat[-1].lane != beat->lane)
			put_switch(layout, &beat[-1], beat);
		put_gap(layout, beat->lane, last_shown(layout, beat->lane, i), beat->begin);
		put_beat(layout, beat);
	}
	fputc('\n', layout->out);
}

int story_events_tell(FILE *out, const struct trace_file *file, unsigned columns,
		      struct pattern *pattern, struct err *err)
{
	struct pattern found;
	struct history *history;
	struct layout layout = {
		.out = out,
		.naming = file->naming,
		.pattern = pattern ? pattern : &found,
		.width = columns ? columns : 80,
	};
	int result;

	pattern = pattern ? pattern : &found;
	*pattern = (struct pattern){ 0 };
	if (!story_is_failure(file->outcome))
		return 0;
	if (layout.width > STORY_EVENTS_WIDEST)
		layout.width = STORY_EVENTS_WIDEST;
	if (layout.width < NARROWEST)
		layout.width = NARROWEST;
	layout.history = history = history_new(file);
	pattern_find(pattern, history);
	result = pattern->name != PATTERN_NONE;
	if (result) {
		choose_columns(&layout);
		measure_heads(&layout);
		layout.lines += text_print_wrapped(out, layout.width, pattern->sentence);
		if (pattern->beats_n)
			put_beats(&layout);
		story_ending_tell(out, history, layout.width);
	}
	if (history->damage.code) {
		result = -history->damage.code;
		if (err)
			*err = history->damage;
	}
	history_free(history);
	return result;
}
