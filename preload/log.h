/*
 * The log of the run: records into the ring of the shared region (ring.h), announced in the order
 * in which they happen; those of events are written by log_event.h. Requires the turn.
 */
#ifndef PRELOAD_LOG_H
#define PRELOAD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/record.h"
#include "formats/region.h"
#include "preload/lane.h"
#include "preload/object.h"

/* The region, NULL before the runtime has attached. */
extern struct region *region;

/* Index of this image in region->process. */
extern uint32_t process_index;

/* Starts logging into an attached region. */
void log_init(struct region *attached);

/* A choice at the point (lane, k); `options` are lane numbers, may be NULL. Enters order_hash. */
void log_decision(struct lane *me, unsigned kind, int64_t choice, bool forced,
		  const uint32_t *options, uint32_t option_count);

/*
 * A choice at the point (lane, k) in which the default was taken; `set` are `words` words of slots,
 * may be NULL. Enters no hash.
 */
void log_offer(const struct lane *me, unsigned kind, const uint64_t *set, uint32_t words);

void log_lane(const struct lane *lane, uint64_t start);
void log_object(const struct object *object, uint32_t module, uint64_t offset, uint32_t lane,
		uint32_t n, uint32_t context, const char *name);
/* A data race; head is filled in. */
void log_race(const struct record_race *race);

void log_note(unsigned kind, uint32_t lane, const char *text);

/*
 * Looks for modules and announces all, also those that no stack leads into: with input kept, as
 * they are input (--pack). Requires the turn.
 */
void log_loaded_modules(void);

/* Announces modules and contexts up to the newest; log_context returns its number in the trace. */
void log_modules(void);
uint32_t log_context(uint32_t id);

/* The program counters of an announced call stack, at most `most`; how many. */
uint32_t log_context_frames(uint32_t context, uint64_t *frames, uint32_t most);

/* Of a lane's stack where it last called us: context_frame_of(). */
struct context_frame;
bool log_frame_of(const struct lane *lane, uint64_t address, struct context_frame *frame);

/* A call stack given by its places, which may be of an interpreter (preload/python_interface.h). */
uint32_t log_places(const uint64_t *places, uint32_t count);

/*
 * From here on the processes that are forked note how they walk their stacks, and log_learn_walks()
 * has the calling one know that, too.
 */
void log_note_walks(void);
void log_learn_walks(void);

/* The number in the trace of a text; announces it when it is new. */
uint32_t log_text(const char *text);

void log_code(uint32_t number, const char *file, const char *name, uint32_t line, uint64_t hash,
	      bool user);

/*
 * A RECORD_ANSWER, to be filled in by the caller but for its head: `*room` is how many bytes may
 * follow. Closed before anything else is written, with those that do.
 */
struct record_answer *log_answer_open(uint32_t *room);
void log_answer_close(struct record_answer *record, uint32_t bytes);

/* The module number in the trace and link-time address of an address; 0 when it is in none. */
uint32_t log_locate(uint64_t address, uint64_t *offset);

/* Mirrors a lane's state for the watchdog. */
void log_lane_state(const struct lane *lane);

/* Sends a request and waits for the answer (region_mailbox.answer). */
int log_ask(unsigned type, uint32_t lane, uint64_t k);

/* Rings the CLI's doorbell. Async-signal-safe, callable without the turn. */
void log_ring_doorbell(void);

/* Copies what the target writes to descriptor 2 into the region. Callable without the turn. */
void log_stderr(const void *bytes, uint64_t length);

/*
 * Writes the verdict for the CLI; the first one counts. Async-signal-safe, callable without the
 * turn.
 */
void log_failure(unsigned verdict, uint32_t lane, uint64_t k, int status, const char *text);

#endif
