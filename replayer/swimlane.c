/*
 * Swimlanes: one step is one or two lines of text in the column of its thread, and a rule across
 * all columns says where and why another thread goes on.
 */
#include "replayer/swimlane.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "formats/record.h"
#include "recorder/alloc.h"
#include "recorder/library.h"
#include "recorder/text.h"
#include "replayer/answer_text.h"

/* The last line of a lane: when it is announced, what the lane stands before. */
struct step {
	uint32_t lane;
	unsigned kind;
	uint32_t object;
	uint32_t context;
	bool announced;
	UT_hash_handle hh;
};

struct swimlane {
	const struct naming *naming;
	FILE *out;
	struct swimlane_options options;
	bool filtered;
	uint32_t lanes[SWIMLANE_COLUMNS]; /* lane of each column */
	unsigned columns;                 /* 0: prefixes */
	unsigned column_width;
	unsigned gutter; /* width of the number */
	unsigned head;   /* width of the longest head, for prefixes */
	uint32_t running;
	struct {
		uint32_t from, to; /* from 0: none */
		bool preempted;    /* `from` could have gone on */
	} pick; /* not printed yet: the lane's announced event may stand behind it in the trace */
	struct step *steps;
	uint64_t printed;
};

enum { BLANKS_AFTER_NUMBER = 2, HEAD_WIDEST = 20, INDENT = 2 };

static unsigned count_digits(uint64_t number)
{
	unsigned digits = 1;

	while (number /= 10)
		digits++;
	return digits;
}

/* Columns when they fit, else prefixes. */
static void choose_layout(struct swimlane *swimlane)
{
	const struct trace_names *names = naming_names(swimlane->naming);
	uint32_t lane, end = trace_names_lanes_end(names);
	unsigned count = 0, room;
	char space[64];
	struct text head;

	for (lane = 0; lane < end; lane++) {
		if (!trace_names_lane(names, lane))
			continue;
		if (swimlane->options.lane && swimlane->options.lane != lane)
			continue;
		text_init(&head, space, sizeof(space));
		naming_lane_head(swimlane->naming, &head, lane);
		if (text_columns(&head) > swimlane->head)
			swimlane->head = (unsigned)text_columns(&head);
		if (count < SWIMLANE_COLUMNS)
			swimlane->lanes[count] = lane;
		count++;
	}
	if (swimlane->head > HEAD_WIDEST)
		swimlane->head = HEAD_WIDEST;
	if (count == 0 || count > SWIMLANE_COLUMNS || swimlane->options.width < SWIMLANE_NARROWEST)
		return;
	room = swimlane->options.width - swimlane->gutter - BLANKS_AFTER_NUMBER;
	swimlane->columns = count;
	swimlane->column_width = room / count;
}

static void put_gutter(struct swimlane *swimlane, const char *what)
{
	fprintf(swimlane->out, "%*s%*s", (int)swimlane->gutter, what, BLANKS_AFTER_NUMBER, "");
}

/* The number is 0 for lines that are no event. */
static void put_number(struct swimlane *swimlane, uint64_t number)
{
	char digits[24] = "";

	if (number)
		snprintf(digits, sizeof(digits), "%" PRIu64, number);
	put_gutter(swimlane, digits);
}

static void put_heads(struct swimlane *swimlane)
{
	char space[256];
	struct text head;
	unsigned i;

	put_gutter(swimlane, "event");
	for (i = 0; i < swimlane->columns; i++) {
		text_init(&head, space, sizeof(space));
		naming_lane_head(swimlane->naming, &head, swimlane->lanes[i]);
		text_cut(&head, swimlane->column_width - 1);
		if (i + 1 < swimlane->columns)
			text_pad(&head, swimlane->column_width);
		fputs(head.data, swimlane->out);
	}
	fputc('\n', swimlane->out);
}

struct swimlane *swimlane_new(const struct naming *naming, FILE *out,
			      const struct swimlane_options *options)
{
	struct swimlane *swimlane = alloc_check(calloc(1, sizeof(*swimlane)));

	swimlane->naming = naming;
	swimlane->out = out;
	swimlane->options = *options;
	if (swimlane->options.width > SWIMLANE_WIDEST)
		swimlane->options.width = SWIMLANE_WIDEST;
	swimlane->filtered = options->lane || options->kinds || options->objects;
	swimlane->gutter = count_digits(options->events);
	if (swimlane->gutter < strlen("event"))
		swimlane->gutter = (unsigned)strlen("event");
	choose_layout(swimlane);
	if (swimlane->columns)
		put_heads(swimlane);
	return swimlane;
}

/* Column of a lane; a lane that the trace never announced goes to the first one. */
static unsigned column_of(const struct swimlane *swimlane, uint32_t lane)
{
	unsigned i;

	for (i = 0; i < swimlane->columns; i++)
		if (swimlane->lanes[i] == lane)
			return i;
	return 0;
}

/* One line in the lane's column: blanks up to it, then the text. */
static void put_cell(struct swimlane *swimlane, uint64_t number, uint32_t lane, struct text *cell)
{
	put_number(swimlane, number);
	fprintf(swimlane->out, "%*s", (int)(column_of(swimlane, lane) * swimlane->column_width),
		"");
	text_cut(cell, swimlane->column_width - 1);
	fputs(cell->data, swimlane->out);
	fputc('\n', swimlane->out);
}

/* The bytes of the first line of `words`: as many words as fit, at least one. */
static size_t fitting(const char *words, size_t columns)
{
	size_t i, used = 0, fits = 0;

	for (i = 0; words[i]; i++) {
		if (words[i] == ' ' && used <= columns)
			fits = i;
		used += ((uint8_t)words[i] & 0xc0) != 0x80;
	}
	return used <= columns || !fits ? i : fits;
}

static void put_prefix(struct swimlane *swimlane, uint32_t lane)
{
	char space[256];
	struct text head;

	text_init(&head, space, sizeof(space));
	naming_lane_head(swimlane->naming, &head, lane);
	text_cut(&head, swimlane->head);
	text_pad(&head, swimlane->head);
	fprintf(swimlane->out, "%s | ", head.data);
}

/* What and where in the lane's column, on as many lines as they need. */
static void put_cells(struct swimlane *swimlane, uint64_t number, uint32_t lane,
		      const struct text *what, const struct text *where)
{
	size_t room = swimlane->column_width - 1, length;
	const char *rest = what->data;
	unsigned indent = 0;
	char space[1024];
	struct text cell;

	do {
		length = fitting(rest, room - indent);
		text_init(&cell, space, sizeof(space));
		text_addf(&cell, "%*s%.*s", (int)indent, "", (int)length, rest);
		rest += length + (rest[length] == ' ');
		indent = INDENT;
		if (!*rest && where->len && text_columns(&cell) + 2 + text_columns(where) <= room) {
			text_addf(&cell, "  %s", where->data);
			where = NULL;
		}
		put_cell(swimlane, number, lane, &cell);
		number = 0;
	} while (*rest);
	if (!where || !where->len)
		return;
	text_init(&cell, space, sizeof(space));
	text_addf(&cell, "%*s%s", INDENT, "", where->data);
	put_cell(swimlane, 0, lane, &cell);
}

/* What and where. `number` 0: none. */
static void put_step(struct swimlane *swimlane, uint64_t number, uint32_t lane,
		     const struct text *what, const struct text *where)
{
	if (swimlane->columns) {
		put_cells(swimlane, number, lane, what, where);
		return;
	}
	put_number(swimlane, number);
	put_prefix(swimlane, lane);
	fprintf(swimlane->out, "%s%s%s\n", what->data, where->len ? "  " : "", where->data);
}

static struct step *step_of(struct swimlane *swimlane, uint32_t lane)
{
	struct step *step;

	HASH_FIND(hh, swimlane->steps, &lane, sizeof(lane), step);
	if (!step) {
		step = alloc_check(calloc(1, sizeof(*step)));
		step->lane = lane;
		HASH_ADD(hh, swimlane->steps, lane, sizeof(step->lane), step);
	}
	return step;
}

static void add_block_reason(const struct swimlane *swimlane, struct text *reason,
			     const struct step *step)
{
	const struct trace_names *names = naming_names(swimlane->naming);
	unsigned use = library_use(names, step->context);
	const char *how = "blocked on ", *call = library_call(names, step->context);

	/* A lock of the library's own says nothing. */
	if (use & (LIBRARY_WAIT | LIBRARY_JOIN) && call) {
		text_add(reason, "waiting in ");
		text_add_clean(reason, call);
		return;
	}
	switch (step->kind) {
	case EVENT_SLEEP:
		text_add(reason, "sleeping");
		return;
	case EVENT_THREAD_JOIN:
	case EVENT_THREAD_TIMEDJOIN:
		how = "waiting for the end of ";
		break;
	case EVENT_COND_WAIT:
	case EVENT_COND_TIMEDWAIT:
	case EVENT_BARRIER_WAIT:
	case EVENT_SEM_WAIT:
	case EVENT_SEM_TIMEDWAIT:
	case EVENT_FUTEX_WAIT:
		how = "waiting on ";
		break;
	}
	if (step->object) {
		text_add(reason, how);
		naming_object(swimlane->naming, reason, step->object);
	} else {
		text_addf(reason, "blocked in %s", event_kind_name(step->kind));
	}
}

static bool among(uint32_t lane, const uint32_t *lanes, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (lanes[i] == lane)
			return true;
	return false;
}

/* Why `from` does not go on. */
static void add_reason(struct swimlane *swimlane, struct text *reason, uint32_t from,
		       bool preempted)
{
	const struct step *step = step_of(swimlane, from);

	if (step->kind == EVENT_THREAD_END && !step->announced)
		text_addf(reason, "T%u has ended", from);
	else if (preempted)
		text_add(reason,
			 step->announced && step->kind == EVENT_YIELD ? "it yields" : "preempted");
	else if (step->announced)
		add_block_reason(swimlane, reason, step);
}

/* Another lane goes on. */
static void put_switch(struct swimlane *swimlane, uint32_t from, uint32_t to, bool preempted)
{
	enum { LEAST = 4 };
	char space[512], why[256];
	struct text line, reason;
	size_t columns, width = swimlane->columns ? swimlane->options.width - 1 : 0;

	swimlane->running = to;
	if (swimlane->filtered || !from || from == to)
		return;
	text_init(&reason, why, sizeof(why));
	add_reason(swimlane, &reason, from, preempted);
	text_init(&line, space, sizeof(space));
	text_addf(&line, " switch T%u -> T%u", from, to);
	if (reason.len)
		text_addf(&line, " (%s)", reason.data);
	if (width)
		text_cut(&line, width - LEAST);
	for (columns = text_columns(&line) + LEAST; columns < width; columns++)
		fputc('-', swimlane->out);
	fprintf(swimlane->out, "%.*s%s\n", LEAST, "----", line.data);
}

static void put_pick(struct swimlane *swimlane)
{
	if (swimlane->pick.from)
		put_switch(swimlane, swimlane->pick.from, swimlane->pick.to,
			   swimlane->pick.preempted);
	swimlane->pick.from = 0;
}

static bool is_shown(const struct swimlane *swimlane, const struct trace_event *event)
{
	const struct swimlane_options *options = &swimlane->options;
	unsigned kind = event->kind < EVENT_COUNT ? event->kind : EVENT_NONE;

	if (options->lane && event->lane != options->lane)
		return false;
	if (options->kinds)
		return options->kinds[kind];
	if (options->objects)
		return (event->object < options->objects_end && options->objects[event->object]) ||
		       (event->object2 < options->objects_end && options->objects[event->object2]);
	return options->all ||
	       (kind != EVENT_CLOCK && kind != EVENT_RANDOM && kind != EVENT_FILE_MOVED);
}

static void add_event(struct swimlane *swimlane, const struct trace_event *event, uint64_t number)
{
	char what_space[512], where_space[256];
	struct text what, where;
	struct step *step;

	if (swimlane->pick.from != event->lane || event->phase != PHASE_ANNOUNCED)
		put_pick(swimlane);
	if (event->lane != swimlane->running)
		put_switch(swimlane, swimlane->running, event->lane, false);
	step = step_of(swimlane, event->lane);
	step->kind = event->kind;
	step->object = event->object;
	step->context = event->context;
	step->announced = event->phase == PHASE_ANNOUNCED;
	if (!is_shown(swimlane, event))
		return;
	text_init(&what, what_space, sizeof(what_space));
	text_init(&where, where_space, sizeof(where_space));
	naming_step(swimlane->naming, &what, event);
	naming_place(swimlane->naming, &where, event->context);
	put_step(swimlane, number + 1, event->lane, &what, &where);
	swimlane->printed++;
}

/* A decision other than a pick, in words; nothing when it is shown with --all only. */
static void add_choice(struct swimlane *swimlane, struct text *text,
		       const struct trace_decision *decision)
{
	bool all = swimlane->options.all;
	uint32_t lane = decision->to > 0 && decision->to <= TRACE_LANE_MAX ? (uint32_t)decision->to
									   : 0;
	const char *words = NULL;

	switch (decision->kind) {
	case DECISION_SIGNAL:
		words = lane ? "wakes " : NULL;
		break;
	case DECISION_CLOCK:
	case DECISION_EARLY:
		words = "time passes for ";
		break;
	case DECISION_READY:
	case DECISION_AWAITED:
		words = all ? "ready: " : NULL;
		break;
	case DECISION_ARRIVAL:
		words = all ? "comes back: " : NULL;
		break;
	case DECISION_TIMEOUT:
		text_add(text, "(times out)");
		return;
	case DECISION_SPURIOUS:
		text_add(text, "(woken without a signal)");
		return;
	case DECISION_TRYLOCK:
		text_add(text, "(made to fail)");
		return;
	case DECISION_DELIVERY:
		text_addf(text, "(signal %" PRId64 " arrives)", decision->to % DECISION_STAGE);
		return;
	case DECISION_CHILD:
		text_add(text, "(a child waits for ever)");
		return;
	case DECISION_PREEMPT:
		text_add(text, "(interrupted)");
		return;
	case DECISION_IO:
		text_add(text, all ? "(not ready)" : "");
		return;
	case DECISION_COUNT: /* of a later version */
		text_add(text, "(");
		text_add_clean_n(text, decision->name, decision->name_len);
		text_add(text, ")");
		return;
	}
	if (!words)
		return;
	text_addf(text, "(%s", words);
	naming_lane(swimlane->naming, text, lane);
	text_add(text, ")");
}

static void add_decision(struct swimlane *swimlane, const struct trace_decision *decision)
{
	char what_space[512], where_space[1];
	struct text what, where;

	put_pick(swimlane);
	if (decision->kind == DECISION_PICK || decision->kind == DECISION_NEXT) {
		swimlane->pick.from = decision->lane;
		swimlane->pick.to = (uint32_t)decision->to;
		swimlane->pick.preempted = among(decision->lane, decision->from, decision->from_n);
		return;
	}
	if (swimlane->filtered)
		return;
	text_init(&what, what_space, sizeof(what_space));
	text_init(&where, where_space, sizeof(where_space));
	add_choice(swimlane, &what, decision);
	if (what.len)
		put_step(swimlane, 0, decision->lane, &what, &where);
}

/* What came in from the outside, where it came in; further pieces of it say nothing new. */
static void add_answer(struct swimlane *swimlane, const struct trace_answer *answer)
{
	const struct swimlane_options *options = &swimlane->options;
	char what_space[512], where_space[1];
	struct text what, where;

	if (!options->io || answer->flags & ANSWER_NEXT || options->kinds || options->objects ||
	    (options->lane && options->lane != answer->lane) ||
	    (answer->flags & ANSWER_ASKED && !options->all))
		return;
	put_pick(swimlane);
	if (answer->lane && answer->lane != swimlane->running)
		put_switch(swimlane, swimlane->running, answer->lane, false);
	text_init(&what, what_space, sizeof(what_space));
	text_init(&where, where_space, sizeof(where_space));
	answer_text(&what, answer);
	put_step(swimlane, 0, answer->lane, &what, &where);
}

static void add_note(struct swimlane *swimlane, const cJSON *note)
{
	const cJSON *said = cJSON_GetObjectItemCaseSensitive(note, "note");
	char space[1024];
	struct text text;

	if (!cJSON_IsString(said))
		return;
	text_init(&text, space, sizeof(space));
	/* Of a data race the first line says what it is; `explain` has them all. */
	text_add_clean_n(&text, said->valuestring, strcspn(said->valuestring, "\n"));
	put_number(swimlane, 0);
	fprintf(swimlane->out, "note: %s\n", text.data);
}

void swimlane_add(struct swimlane *swimlane, const struct trace_line *line)
{
	if (line->type == TRACE_LINE_EVENT)
		add_event(swimlane, &line->event, line->number);
	else if (line->type == TRACE_LINE_DECISION)
		add_decision(swimlane, &line->decision);
	else if (line->type == TRACE_LINE_ANSWER)
		add_answer(swimlane, &line->answer);
	else if (line->type == TRACE_LINE_NOTE)
		add_note(swimlane, line->json);
}

void swimlane_free(struct swimlane *swimlane)
{
	struct step *step, *next;

	if (!swimlane)
		return;
	put_pick(swimlane);
	HASH_ITER (hh, swimlane->steps, step, next) {
		HASH_DEL(swimlane->steps, step);
		free(step);
	}
	free(swimlane);
}

uint64_t swimlane_printed(const struct swimlane *swimlane)
{
	return swimlane->printed;
}
