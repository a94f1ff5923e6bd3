/*
 * Follows each lane through Condition.wait and Thread.join, see threading.h.
 */
#include "replayer/threading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/ids.h"
#include "recorder/library.h"

/* A lane inside Condition.wait. */
struct waiting {
	uint32_t waiter;  /* the lock made for this wait; 0: it is in none */
	uint32_t lock;    /* the condition's; 0: not given up yet */
	uint32_t object;  /* what the program calls it: a condition, a queue; else the lock */
	size_t given_up;  /* the event */
	bool timed, late; /* with a time-out, which came */
};

struct translation {
	struct history *history;
	bool *out;             /* by event: left out */
	unsigned *use;         /* by context: enum library_use */
	struct waiting *lanes; /* by lane */
	uint32_t *life;        /* by object: the lane that holds it while it lives, 0: none */
	uint32_t *thread;      /* by lane: its object, 0: none */
	bool *waiter;          /* by object: made for a wait */
	size_t *signal;        /* by lane: its last signal that is not complete yet */
	size_t *call;          /* by lane: its last call of an object's method */
};

static bool is_lock(unsigned kind)
{
	return kind == EVENT_MUTEX_LOCK || kind == EVENT_MUTEX_TRYLOCK ||
	       kind == EVENT_MUTEX_TIMEDLOCK;
}

static unsigned use_at(const struct translation *t, size_t at)
{
	return t->use[t->history->events[at].context];
}

/*
 * The object whose method the user's code has called, "queue.get()", when the lane is inside of
 * that call at event `at`; else `otherwise`.
 */
static uint32_t called(const struct translation *t, size_t at, uint32_t otherwise)
{
	const struct history_event *event = &t->history->events[at];
	size_t call = t->call[event->lane];
	const struct trace_names *names = t->history->file->names;
	const struct trace_location *from, *here = library_user(names, event->context);

	if (call == HISTORY_NONE || !here)
		return otherwise;
	from = library_user(names, t->history->events[call].context);
	if (!from || from->source.line != here->source.line ||
	    strcmp(from->source.function, here->source.function) != 0)
		return otherwise;
	return t->history->events[call].object;
}

static bool has_no_name(const struct translation *t, uint32_t lock)
{
	const struct trace_object *object = trace_names_object(t->history->file->names, lock);

	return !object->name && !ids_is_name(object->id, object->kind);
}

/* Enters the wait, or comes back from it: the condition's lock is taken again. */
static void wait_takes(struct translation *t, struct waiting *lane, size_t at)
{
	struct history_event *event = &t->history->events[at];

	if (!lane->waiter) {
		lane->waiter = event->object;
		t->waiter[event->object] = true;
		t->out[at] = true;
	} else if (event->object == lane->waiter) {
		lane->late = false;
		t->out[at] = true;
	} else if (event->object == lane->lock) {
		event->kind = EVENT_COND_WOKEN;
		event->object = lane->object;
		event->object2 = lane->lock;
		event->result = lane->late ? ETIMEDOUT : 0;
		*lane = (struct waiting){ 0 };
	}
}

static void wait_event(struct translation *t, size_t at)
{
	struct history_event *event = &t->history->events[at];
	struct waiting *lane = &t->lanes[event->lane];
	bool done = event->phase == PHASE_DONE;

	if (is_lock(event->kind) && done && event->result == 0) {
		wait_takes(t, lane, at);
	} else if (is_lock(event->kind) && lane->lock && event->object == lane->waiter) {
		if (event->kind == EVENT_MUTEX_TIMEDLOCK)
			t->history->events[lane->given_up].kind = EVENT_COND_TIMEDWAIT;
		lane->late = done;
		t->out[at] = done;
		event->kind = EVENT_COND_WOKEN;
		event->object = lane->object;
		event->object2 = lane->lock;
	} else if (event->kind == EVENT_MUTEX_UNLOCK && done && lane->waiter && !lane->lock &&
		   event->object != lane->waiter) {
		lane->lock = event->object;
		lane->object = called(t, at, event->object);
		if (lane->object != lane->lock && has_no_name(t, lane->lock))
			t->history->called[lane->lock] = lane->object;
		lane->given_up = at;
		event->kind = EVENT_COND_WAIT;
		event->object = lane->object;
		event->object2 = lane->lock;
		event->waiter = lane->waiter;
	}
}

static const struct waiting *who_waits_with(const struct translation *t, uint32_t waiter)
{
	uint32_t lane;

	for (lane = 1; lane < t->history->lanes_end; lane++)
		if (t->lanes[lane].waiter == waiter && t->lanes[lane].lock)
			return &t->lanes[lane];
	return NULL;
}

/*
 * A queue notifies whoever could wait for what it does, and has looked whether there is anything to
 * wait for: a notify of its that wakes nobody is never the one that somebody misses.
 */
static bool is_trusted(const struct translation *t, uint32_t context)
{
	const char *call = library_call(t->history->file->names, context);

	return call && (strncmp(call, "Queue.", 6) == 0 || strncmp(call, "Semaphore.", 10) == 0 ||
			strncmp(call, "BoundedSemaphore.", 17) == 0);
}

/*
 * A notify releases the lock of each waiter it wakes. Where the condition's lock is no RLock it
 * first asks whether the lane has that, which is all that can be seen of one that wakes nobody.
 */
static void notify_event(struct translation *t, size_t at)
{
	struct history_event *event = &t->history->events[at];
	unsigned use = use_at(t, at);
	size_t *signal = &t->signal[event->lane];
	bool again = *signal != HISTORY_NONE;
	const struct waiting *woken;

	if (event->phase != PHASE_DONE)
		return;
	if (use & LIBRARY_ASKS_OWNER) {
		t->out[at] = event->kind != EVENT_MUTEX_TRYLOCK || !event->result;
		if (t->out[at])
			return;
		event->value = 0;
		event->object = called(t, at, event->object);
		/* Already known by its call; or the library knows what it does. */
		t->out[at] = is_trusted(t, event->context) ||
			     (again && *signal == t->call[event->lane]);
	} else {
		woken = event->kind == EVENT_MUTEX_UNLOCK ? who_waits_with(t, event->object) : NULL;
		if (!woken)
			return;
		event->waiter = event->object;
		event->object = woken->object;
		event->value = 1;
		/* The question before, or the waiter before: that signal is this one. */
		if (again && !t->history->events[*signal].value)
			t->out[*signal] = true;
		else if (again && use & LIBRARY_NOTIFY_ALL)
			t->out[at] = true;
	}
	event->kind = use & LIBRARY_NOTIFY_ALL ? EVENT_COND_BROADCAST : EVENT_COND_SIGNAL;
	event->result = 0;
	if (!t->out[at])
		*signal = at;
}

/* Lanes hold a lock as long as they live; who gets it knows that they have ended. */
static void join_event(struct translation *t, size_t at)
{
	struct history_event *event = &t->history->events[at];
	uint32_t lane = t->life[event->object], object = lane ? t->thread[lane] : 0;
	bool done = event->phase == PHASE_DONE;

	if (!is_lock(event->kind) || !object ||
	    (done && event->result && event->kind == EVENT_MUTEX_TRYLOCK)) {
		t->out[at] = true;
		return;
	}
	event->kind = event->kind == EVENT_MUTEX_TIMEDLOCK ? EVENT_THREAD_TIMEDJOIN
							   : EVENT_THREAD_JOIN;
	event->object = object;
}

/* The attempt before the lock that waits: CPython always tries first. */
static bool is_first_attempt(const struct translation *t, size_t at)
{
	const struct history_event *event = &t->history->events[at], *next;
	size_t after;

	if (event->kind != EVENT_MUTEX_TRYLOCK || event->phase != PHASE_DONE || !event->result)
		return false;
	after = history_after(t->history, event->lane, at);
	if (after == HISTORY_NONE)
		return false;
	next = &t->history->events[after];
	return next->object == event->object &&
	       (next->kind == EVENT_MUTEX_LOCK || next->kind == EVENT_MUTEX_TIMEDLOCK);
}

/*
 * A call of a condition's own notify says what it is before anything else, also where it wakes
 * nobody and asks for nothing.
 */
static void call_event(struct translation *t, size_t at)
{
	static const char notify[] = ".notify(", notify_all[] = ".notify_all(";
	struct history_event *event = &t->history->events[at];
	bool all = event->text && strncmp(event->text, notify_all, strlen(notify_all)) == 0;

	t->call[event->lane] = at;
	t->signal[event->lane] = HISTORY_NONE;
	if (event->phase != PHASE_DONE || !event->text ||
	    (!all && strncmp(event->text, notify, strlen(notify)) != 0))
		return;
	event->kind = all ? EVENT_COND_BROADCAST : EVENT_COND_SIGNAL;
	event->result = event->value = 0;
	event->text = NULL;
	t->signal[event->lane] = at;
}

static void translate_event(struct translation *t, size_t at)
{
	struct history_event *event = &t->history->events[at];
	unsigned kind = history_kind(t->history, event->object), use = use_at(t, at);
	bool notifies = use & (LIBRARY_NOTIFY | LIBRARY_NOTIFY_ALL);

	if (event->kind == EVENT_CALL)
		call_event(t, at);
	if (kind != OBJECT_LOCK && !(kind == OBJECT_SEM && use & ~(unsigned)LIBRARY_NOTHING))
		return;
	if (use & LIBRARY_SENTINEL && is_lock(event->kind) && event->result == 0)
		t->life[event->object] = event->lane;
	if (use & LIBRARY_JOIN)
		join_event(t, at);
	else if (use & (LIBRARY_LIFE | LIBRARY_NOTHING) || t->life[event->object])
		t->out[at] = true;
	else if (notifies)
		notify_event(t, at);
	else if (use & LIBRARY_ASKS_OWNER)
		t->out[at] = true;
	else if (use & LIBRARY_WAIT)
		wait_event(t, at);
	else
		t->out[at] = t->waiter[event->object] || is_first_attempt(t, at);
	/* What is not of the same notify ends it. */
	if (!notifies)
		t->signal[event->lane] = HISTORY_NONE;
}

/* Takes out what is left out; choices move with the events that they come before. */
static void close_gaps(struct translation *t)
{
	struct history *history = t->history;
	size_t *moved = alloc_check(malloc((history->events_n + 1) * sizeof(*moved)));
	size_t i, kept = 0;

	for (i = 0; i < history->events_n; i++) {
		moved[i] = kept;
		if (!t->out[i])
			history->events[kept++] = history->events[i];
	}
	moved[history->events_n] = kept;
	for (i = 0; i < history->choices_n; i++)
		history->choices[i].at = moved[history->choices[i].at];
	history->events_n = kept;
	free(moved);
}

void threading_translate(struct history *history)
{
	const struct trace_names *names = history->file->names;
	uint32_t contexts = trace_names_contexts_end(names), i, lane;
	struct translation t = { .history = history };
	size_t at;

	if (!history->interpreted)
		return;
	t.out = alloc_check(calloc(history->events_n + 1, sizeof(*t.out)));
	t.use = alloc_check(calloc(contexts + 1, sizeof(*t.use)));
	t.lanes = alloc_check(calloc(history->lanes_end + 1, sizeof(*t.lanes)));
	t.life = alloc_check(calloc(history->kinds_end + 1, sizeof(*t.life)));
	t.thread = alloc_check(calloc(history->lanes_end + 1, sizeof(*t.thread)));
	t.waiter = alloc_check(calloc(history->kinds_end + 1, sizeof(*t.waiter)));
	t.signal = alloc_check(malloc((history->lanes_end + 1) * sizeof(*t.signal)));
	t.call = alloc_check(malloc((history->lanes_end + 1) * sizeof(*t.call)));
	for (i = 0; i < contexts; i++)
		t.use[i] = library_use(names, i);
	for (i = 0; i < history->kinds_end; i++) {
		lane = naming_object_lane(history->file->naming, i);
		if (lane && lane < history->lanes_end)
			t.thread[lane] = i;
	}
	for (i = 0; i <= history->lanes_end; i++)
		t.signal[i] = t.call[i] = HISTORY_NONE;
	for (at = 0; at < history->events_n; at++)
		if (history->events[at].context < contexts)
			translate_event(&t, at);
	close_gaps(&t);
	free(t.out);
	free(t.use);
	free(t.lanes);
	free(t.life);
	free(t.thread);
	free(t.waiter);
	free(t.signal);
	free(t.call);
}
