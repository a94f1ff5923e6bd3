/*
 * What people call things: one way to name a thread, a lock, a place and an operation, for all
 * commands that print a trace. Everything is taken from the trace; strings of the target are
 * neutralised (recorder/text.h). Not a symboliser and not a printer.
 *
 *	naming = naming_new(names);		names of the whole trace, trace_names_load()
 *	naming_lane(naming, line, 2);		T2 "alice", T3 (worker), T4
 *	naming_object(naming, line, 5);		account_lock, mutex 1.2/m3
 *	naming_place(naming, line, context);	bank.c:17
 *	naming_frame(naming, line, location);	account_read (bank.c:17)
 *	naming_step(naming, line, &event);	locks account_lock: busy
 *
 * T and the lane's number is the name of a thread for good: unique in a trace, also over exec.
 * Events are counted from 1 for people: event N is number N - 1 of trace_reader_seek_event().
 * All functions append to `text`; unknown numbers are named as such. Nothing blocks.
 */
#ifndef RECORDER_NAMING_H
#define RECORDER_NAMING_H

#include <stdbool.h>

#include "formats/trace_names.h"
#include "recorder/text.h"

struct naming;

/*
 * `names` must outlive the result, and gain nothing meanwhile. Objects that share a name get their
 * id behind it.
 */
struct naming *naming_new(const struct trace_names *names);
void naming_free(struct naming *naming);

/*
 * The function and line of a location to show: of the program's own code where functions were
 * inlined into each other (std::mutex::lock() inlined into deposit() is deposit()). As long as the
 * location.
 */
const struct trace_source *naming_source(const struct trace_location *location);

/* As given to naming_new(). */
const struct trace_names *naming_names(const struct naming *naming);

/* `T2 "alice"`, else with the start routine `T2 (worker)`, else `T2`. In sentences. */
void naming_lane(const struct naming *naming, struct text *text, uint32_t lane);

/* `T2 alice`, `T2 worker`, `T2`. In the heads of columns and lines. */
void naming_lane_head(const struct naming *naming, struct text *text, uint32_t lane);

/* Variable or resource; else kind and id; "nothing" for 0. Threads are named as lanes. */
void naming_object(const struct naming *naming, struct text *text, uint32_t object);

/* The lane that an object stands for (join, cancel); 0 when it is no thread or not known. */
uint32_t naming_object_lane(const struct naming *naming, uint32_t object);

/*
 * Where a context is: its first frame of the program's own code as "bank.c:17" (base name of the
 * file), or "function", or "module+0x1234"; without such a frame the function of its innermost.
 * Nothing for 0.
 */
void naming_place(const struct naming *naming, struct text *text, uint32_t context);

/* The same place as "account_read (bank.c:17)". */
void naming_site(const struct naming *naming, struct text *text, uint32_t context);

/* The same of a location: "bank.c:17". */
void naming_line(const struct naming *naming, struct text *text, uint32_t location);

/* A location: "account_read (bank.c:17)", "malloc (libc.so.6+0x1234)". */
void naming_frame(const struct naming *naming, struct text *text, uint32_t location);

/*
 * An event in words: "locks account_lock", "tries to lock account_lock: busy", "writes Bank.total =
 * 10", and for an announced one "wants to lock account_lock". Without the lane.
 */
void naming_step(const struct naming *naming, struct text *text, const struct trace_event *event);

/* Operations on variables: what is read or written is a part of the words. */
bool naming_has_value(unsigned kind);

/* A pending operation, to be put after "wants to": "lock account_lock". */
void naming_pending(const struct naming *naming, struct text *text, unsigned kind, uint32_t object,
		    uint32_t object2);

/* What a blocked lane does, after its name: "waits to lock account_lock", "waits on queue_full". */
void naming_waiting(const struct naming *naming, struct text *text, unsigned kind, uint32_t object,
		    uint32_t object2);

/* What a result says, ": busy", ": timed out", ": 12", ": EPERM"; nothing for plain success. */
void naming_result(struct text *text, unsigned kind, int64_t result);

/* True when `name` is what the user may call the lane: "T2", "2", its id or its thread name. */
bool naming_lane_is(const struct naming *naming, uint32_t lane, const char *name);

/*
 * True when the pattern (fnmatch(3)) is for the object: its printed name, its bare name or its id.
 */
bool naming_object_is(const struct naming *naming, uint32_t object, const char *pattern);

#endif
