/*
 * What happened in a run, in memory and in order: the events of a trace that other threads could
 * see, and the choices between them. For looking back and forth (replayer/pattern.h), which the
 * reader of a trace cannot do. Not the whole trace: operations on locks that one thread alone ever
 * touches are counted and left out, and of a long run only the last HISTORY_EVENTS are kept. What
 * an interpreter's library makes of locks is told as what it stands for (replayer/threading.h).
 *
 *	history = history_new(file);
 *	for (i = 0; i < history->events_n; i++)
 *		look(&history->events[i]);
 *	history_free(history);
 *
 * Events are called by their index in `events`, HISTORY_NONE is no event.
 */
#ifndef REPLAYER_HISTORY_H
#define REPLAYER_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replayer/trace_file.h"

enum { HISTORY_EVENTS = 1 << 19 };
#define HISTORY_NONE SIZE_MAX

struct history_event {
	uint64_t k;
	int64_t result, value;
	const char *text; /* a value as people read it; NULL: none */
	uint32_t lane, object, object2, context;
	uint32_t own; /* operations on own locks that the lane did before and that are left out */
	uint32_t waiter; /* which wait is begun, or ended by a signal; 0: no library says that */
	uint16_t kind;
	uint8_t phase;
};

/* A decision, before event `at`. */
struct history_choice {
	size_t at;
	uint64_t k;
	int64_t to;
	uint32_t lane;
	uint32_t preemption; /* another lane goes on although `lane` could: the n-th, from 1 */
	uint16_t kind;
};

struct history {
	const struct trace_file *file;
	struct history_event *events;
	size_t events_n;
	struct pool *texts; /* of the events */
	uint8_t *kinds;     /* enum object_kind of each object, by number */
	bool *changed;      /* by object */
	uint32_t kinds_end;
	bool interpreted; /* there are locks of an interpreter */
	struct history_choice *choices;
	size_t choices_n;
	uint32_t lanes_end;   /* lanes have smaller numbers */
	uint64_t preemptions; /* of the whole run */
	uint64_t decisions;   /* of the whole run */
	uint64_t dropped;     /* events at the beginning that are not kept */
	struct err damage;    /* code 0: the trace was read to its end */
	struct history_lane {
		size_t born;   /* the creation in the parent; HISTORY_NONE: the first thread */
		size_t start;  /* its own first event */
		size_t end;    /* thread_end; HISTORY_NONE: lives */
		size_t joined; /* the join in another lane */
		size_t last;   /* its last event */
	} * lanes;
};

/* Reads the trace twice. Never NULL; what cannot be read is missing, and `damage` says why. */
struct history *history_new(const struct trace_file *file);
void history_free(struct history *history);

/* enum object_kind, OBJECT_KIND_COUNT when it is not known. */
unsigned history_kind(const struct history *history, uint32_t object);

/* A variable that is written, or is about to be. */
bool history_changed(const struct history *history, uint32_t object);

/* The done event (lane, k), else the announced one, else HISTORY_NONE. */
size_t history_find(const struct history *history, uint32_t lane, uint64_t k);

/* The lane's last event before `at`, its next one after it; HISTORY_NONE when there is none. */
size_t history_before(const struct history *history, uint32_t lane, size_t at);
size_t history_after(const struct history *history, uint32_t lane, size_t at);

/* The decision of that kind at the operation of event `at`, or NULL. */
const struct history_choice *history_choice_at(const struct history *history, size_t at,
					       unsigned kind);

/*
 * The preemption that took the turn from `lane` after event `from`, or when it announced that, and
 * before event `to`: the last one there; NULL when it went by itself.
 */
const struct history_choice *history_preemption(const struct history *history, uint32_t lane,
						size_t from, size_t to);

/*
 * True when creations and joins of threads alone put event `a` before event `b` in every schedule.
 * Locks and wake-ups are not looked at: with them it can be otherwise.
 */
bool history_ordered(const struct history *history, size_t a, size_t b);

/* The same code: the same start routine, or function of an interpreted program. */
bool history_same_role(const struct history *history, uint32_t a, uint32_t b);

#endif
