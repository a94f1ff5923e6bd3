/*
 * Reading a trace into memory: one pass to see which objects are shared, one to keep what matters.
 */
#include "replayer/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/fields.h"
#include "recorder/ids.h"
#include "recorder/library.h"
#include "recorder/pool.h"
#include "replayer/threading.h"

/* Who touches an object: a lane, 0 for nobody, or SHARED. */
enum { SHARED = UINT32_MAX, CHAIN = 64 };

struct loading {
	struct history *history;
	uint32_t *users; /* by object */
	uint32_t users_end;
	uint32_t *own; /* by lane: operations left out since its last event */
};

static void touch(struct loading *loading, uint32_t object, uint32_t lane)
{
	uint32_t *user = object < loading->users_end ? &loading->users[object] : NULL;

	if (user)
		*user = *user && *user != lane ? (uint32_t)SHARED : lane;
}

/* Operations that say nothing where only one lane uses the object. */
static bool is_private_kind(unsigned kind)
{
	switch (kind) {
	case EVENT_MUTEX_INIT:
	case EVENT_MUTEX_DESTROY:
	case EVENT_MUTEX_LOCK:
	case EVENT_MUTEX_TRYLOCK:
	case EVENT_MUTEX_TIMEDLOCK:
	case EVENT_MUTEX_UNLOCK:
	case EVENT_RWLOCK_RDLOCK:
	case EVENT_RWLOCK_TRYRDLOCK:
	case EVENT_RWLOCK_WRLOCK:
	case EVENT_RWLOCK_TRYWRLOCK:
	case EVENT_RWLOCK_UNLOCK:
	case EVENT_SPIN_LOCK:
	case EVENT_SPIN_TRYLOCK:
	case EVENT_SPIN_UNLOCK:
		return true;
	default:
		return naming_has_value(kind);
	}
}

/* A lock of an interpreted program that the user's code takes itself, not inside of a library. */
static bool is_users_lock(const struct history *history, const struct trace_event *event)
{
	return history_kind(history, event->object) == OBJECT_LOCK &&
	       library_user(history->file->names, event->context) &&
	       !library_call(history->file->names, event->context);
}

/* Tells what is waited for, whoever else uses it. */
static bool synchronises(const struct trace_event *event)
{
	char call[16];

	if (event->kind != EVENT_CALL || !event->text)
		return false;
	snprintf(call, sizeof(call), "%.*s",
		 (int)(event->text_len < sizeof(call) ? event->text_len : sizeof(call) - 1),
		 event->text);
	return library_synchronises(call);
}

static bool is_kept(const struct loading *loading, const struct trace_event *event)
{
	if (event->kind == EVENT_CLOCK || event->kind == EVENT_RANDOM)
		return false;
	if (event->phase == PHASE_ANNOUNCED || !is_private_kind(event->kind))
		return true;
	if (synchronises(event))
		return true;
	/* That somebody had another lock than everybody else is worth knowing. */
	if (is_users_lock(loading->history, event))
		return true;
	return event->object >= loading->users_end || loading->users[event->object] == SHARED;
}

static void find_users(struct loading *loading)
{
	const struct trace_file *file = loading->history->file;
	const cJSON *edge;
	struct trace_line line;
	struct err err = { 0 };

	trace_reader_filter(file->reader, TRACE_LINE_BIT(TRACE_LINE_EVENT));
	trace_reader_rewind(file->reader);
	while (trace_reader_next(file->reader, &line, &err) > 0) {
		touch(loading, line.event.object, line.event.lane);
		touch(loading, line.event.object2, line.event.lane);
		if (naming_has_value(line.event.kind) && line.event.object < loading->users_end &&
		    event_table[line.event.kind].access == ACCESS_WRITE &&
		    !synchronises(&line.event))
			loading->history->changed[line.event.object] = true;
		/* A lock that is waited with has to do with others, whoever takes it. */
		if (line.event.kind == EVENT_COND_WAIT || line.event.kind == EVENT_COND_TIMEDWAIT)
			touch(loading, line.event.object2, SHARED);
		if (history_kind(loading->history, line.event.object) == OBJECT_LOCK &&
		    library_use(file->names, line.event.context) & LIBRARY_WAIT)
			touch(loading, line.event.object, SHARED);
		if (line.event.lane >= loading->history->lanes_end)
			loading->history->lanes_end = line.event.lane + 1;
	}
	/* A lane can wait for itself. */
	cJSON_ArrayForEach (edge, fields_array(file->outcome, "edges"))
		touch(loading, fields_number(edge, "object", 0), SHARED);
}

/* The older half goes when there is no more room. */
static void make_room(struct history *history)
{
	size_t half = HISTORY_EVENTS / 2, i, kept = 0;

	if (history->events_n < HISTORY_EVENTS) {
		history->events =
			alloc_grow(history->events, history->events_n, sizeof(*history->events));
		return;
	}
	memmove(history->events, history->events + half, half * sizeof(*history->events));
	history->events_n -= half;
	history->dropped += half;
	for (i = 0; i < history->choices_n; i++) {
		if (history->choices[i].at < half)
			continue;
		history->choices[kept] = history->choices[i];
		history->choices[kept++].at -= half;
	}
	history->choices_n = kept;
}

/* What a lane was about to do is said behind the decision: one that yields is not preempted. */
static void forgive_yield(struct history *history, const struct trace_event *event)
{
	struct history_choice *choice =
		history->choices_n ? &history->choices[history->choices_n - 1] : NULL;

	if (event->kind != EVENT_YIELD || event->phase != PHASE_ANNOUNCED || !choice ||
	    !choice->preemption || choice->lane != event->lane || choice->k != event->k)
		return;
	choice->preemption = 0;
	history->preemptions--;
}

/* Numbers that are values are texts here: 0 is a value, too. */
static const char *text_of(struct history *history, const struct trace_event *event)
{
	if (event->text)
		return pool_string_n(history->texts, event->text, event->text_len);
	if (event->value.type == TRACE_VALUE_INT && naming_has_value(event->kind))
		return pool_format(history->texts, "%lld", (long long)event->value.number);
	return NULL;
}

static void keep_event(struct loading *loading, const struct trace_event *event)
{
	struct history *history = loading->history;

	if (event->lane >= history->lanes_end)
		return;
	forgive_yield(history, event);
	if (!is_kept(loading, event)) {
		loading->own[event->lane] += event->kind != EVENT_CLOCK &&
					     !naming_has_value(event->kind);
		return;
	}
	make_room(history);
	history->events[history->events_n++] = (struct history_event){
		.k = event->k,
		.result = event->result,
		.value = event->value.type == TRACE_VALUE_INT ? event->value.number : 0,
		.text = text_of(history, event),
		.lane = event->lane,
		.object = event->object,
		.object2 = event->object2,
		.context = event->context,
		.own = loading->own[event->lane],
		.kind = event->kind,
		.phase = event->phase,
	};
	loading->own[event->lane] = 0;
}

static bool could_go_on(const struct trace_decision *decision)
{
	uint32_t i;

	for (i = 0; i < decision->from_n; i++)
		if (decision->from[i] == decision->lane)
			return true;
	return false;
}

static void keep_choice(struct loading *loading, const struct trace_decision *decision)
{
	struct history *history = loading->history;
	bool preempts = decision->kind == DECISION_PICK && decision->to != decision->lane &&
			could_go_on(decision);

	history->decisions++;
	history->preemptions += preempts;
	/* Bounded by the events: a point takes few decisions. */
	if (history->choices_n >= 4 * (size_t)HISTORY_EVENTS)
		return;
	history->choices =
		alloc_grow(history->choices, history->choices_n, sizeof(*history->choices));
	history->choices[history->choices_n++] = (struct history_choice){
		.at = history->events_n,
		.k = decision->k,
		.to = decision->to,
		.lane = decision->lane,
		.preemption = preempts ? (uint32_t)history->preemptions : 0,
		.kind = decision->kind,
	};
}

/* Births, ends and joins of lanes. */
static void find_lives(struct history *history)
{
	struct history_lane *lanes;
	size_t i;
	uint32_t of;

	lanes = alloc_check(malloc((history->lanes_end + 1) * sizeof(*lanes)));
	for (i = 0; i <= history->lanes_end; i++)
		lanes[i] = (struct history_lane){ HISTORY_NONE, HISTORY_NONE, HISTORY_NONE,
						  HISTORY_NONE, HISTORY_NONE };
	history->lanes = lanes;
	for (i = 0; i < history->events_n; i++) {
		const struct history_event *event = &history->events[i];

		if (lanes[event->lane].start == HISTORY_NONE)
			lanes[event->lane].start = i;
		lanes[event->lane].last = i;
		if (event->phase != PHASE_DONE)
			continue;
		of = naming_object_lane(history->file->naming, event->object);
		if (event->kind == EVENT_THREAD_END)
			lanes[event->lane].end = i;
		if (!of || of >= history->lanes_end || event->result)
			continue;
		if (event->kind == EVENT_THREAD_CREATE)
			lanes[of].born = i;
		else if (event->kind == EVENT_THREAD_JOIN || event->kind == EVENT_THREAD_TRYJOIN ||
			 event->kind == EVENT_THREAD_TIMEDJOIN)
			lanes[of].joined = i;
	}
}

static void find_kinds(struct history *history)
{
	const struct trace_names *names = history->file->names;
	const struct trace_object *object;
	uint32_t i;

	history->kinds_end = trace_names_objects_end(names);
	history->kinds = alloc_check(malloc(history->kinds_end + 1));
	history->changed = alloc_check(calloc(history->kinds_end + 1, sizeof(bool)));
	for (i = 0; i < history->kinds_end; i++) {
		object = trace_names_object(names, i);
		history->kinds[i] = (uint8_t)(object && object->kind
						      ? ids_kind_by_name(object->kind)
						      : OBJECT_KIND_COUNT);
		history->interpreted |= history->kinds[i] == OBJECT_LOCK;
	}
}

unsigned history_kind(const struct history *history, uint32_t object)
{
	return object < history->kinds_end ? history->kinds[object] : OBJECT_KIND_COUNT;
}

bool history_changed(const struct history *history, uint32_t object)
{
	return object < history->kinds_end && history->changed[object];
}

struct history *history_new(const struct trace_file *file)
{
	struct history *history = alloc_check(calloc(1, sizeof(*history)));
	struct loading loading = { .history = history };
	struct trace_line line;

	history->file = file;
	history->texts = pool_new();
	find_kinds(history);
	loading.users_end = trace_names_objects_end(file->names);
	loading.users = alloc_check(calloc(loading.users_end + 1, sizeof(*loading.users)));
	find_users(&loading);
	loading.own = alloc_check(calloc(history->lanes_end + 1, sizeof(*loading.own)));
	trace_reader_filter(file->reader,
			    TRACE_LINE_BIT(TRACE_LINE_EVENT) | TRACE_LINE_BIT(TRACE_LINE_DECISION));
	trace_reader_rewind(file->reader);
	while (trace_reader_next(file->reader, &line, &history->damage) > 0) {
		if (line.type == TRACE_LINE_EVENT)
			keep_event(&loading, &line.event);
		else
			keep_choice(&loading, &line.decision);
	}
	free(loading.users);
	free(loading.own);
	threading_translate(history);
	find_lives(history);
	return history;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	pool_free(history->texts);
	free(history->kinds);
	free(history->changed);
	free(history->events);
	free(history->choices);
	free(history->lanes);
	free(history);
}

size_t history_find(const struct history *history, uint32_t lane, uint64_t k)
{
	size_t i, found = HISTORY_NONE;

	for (i = history->events_n; i-- > 0;) {
		if (history->events[i].lane != lane || history->events[i].k != k)
			continue;
		if (history->events[i].phase == PHASE_DONE)
			return i;
		found = i;
	}
	return found;
}

size_t history_before(const struct history *history, uint32_t lane, size_t at)
{
	while (at-- > 0)
		if (history->events[at].lane == lane)
			return at;
	return HISTORY_NONE;
}

size_t history_after(const struct history *history, uint32_t lane, size_t at)
{
	while (++at < history->events_n)
		if (history->events[at].lane == lane)
			return at;
	return HISTORY_NONE;
}

/* So many choices come before event `at`. */
static size_t choices_until(const struct history *history, size_t at)
{
	size_t low = 0, high = history->choices_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (history->choices[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct history_choice *history_choice_at(const struct history *history, size_t at,
					       unsigned kind)
{
	const struct history_event *event = &history->events[at];
	size_t i = choices_until(history, at), since = history_before(history, event->lane, at);

	for (; i-- > 0 && (since == HISTORY_NONE || history->choices[i].at >= since);)
		if (history->choices[i].kind == kind && history->choices[i].lane == event->lane &&
		    history->choices[i].k == event->k)
			return &history->choices[i];
	return NULL;
}

const struct history_choice *history_preemption(const struct history *history, uint32_t lane,
						size_t from, size_t to)
{
	size_t i = choices_until(history, to);

	while (i-- > 0) {
		const struct history_choice *choice = &history->choices[i];

		if (choice->at < from)
			return NULL;
		if (choice->lane == lane && choice->preemption)
			return choice;
	}
	return NULL;
}

/* Events of other lanes that come after `at` of `lane`: its end's join, that joiner's end ... */
static unsigned later(const struct history *history, size_t at, size_t *chain)
{
	unsigned n = 0;

	while (at != HISTORY_NONE && n < CHAIN) {
		chain[n++] = at;
		at = history->lanes[history->events[at].lane].joined;
	}
	return n;
}

/* Events of ancestors that come before `at`. */
static unsigned earlier(const struct history *history, size_t at, size_t *chain)
{
	unsigned n = 0;

	while (at != HISTORY_NONE && n < CHAIN) {
		chain[n++] = at;
		at = history->lanes[history->events[at].lane].born;
	}
	return n;
}

bool history_ordered(const struct history *history, size_t a, size_t b)
{
	size_t after[CHAIN], before[CHAIN];
	unsigned i, j, after_n = later(history, a, after), before_n = earlier(history, b, before);

	for (i = 0; i < after_n; i++)
		for (j = 0; j < before_n; j++)
			if (history->events[after[i]].lane == history->events[before[j]].lane &&
			    after[i] <= before[j])
				return true;
	return false;
}

bool history_same_role(const struct history *history, uint32_t a, uint32_t b)
{
	const struct trace_lane *x = trace_names_lane(history->file->names, a);
	const struct trace_lane *y = trace_names_lane(history->file->names, b);
	const struct trace_location *of_x, *of_y;

	/* All threads of an interpreter start alike, and are named by what they are for. */
	if (history->interpreted)
		return x && y && x->name && y->name && strcmp(x->name, y->name) == 0;
	if (!x || !y || !x->start || !y->start)
		return false;
	of_x = trace_names_location(history->file->names, x->start);
	of_y = trace_names_location(history->file->names, y->start);
	return x->start == y->start ||
	       (of_x && of_y && of_x->module == of_y->module && of_x->offset == of_y->offset);
}
