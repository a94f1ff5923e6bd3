/*
 * What a run has announced about its threads, objects, stacks and modules, kept so that any event
 * of it can be told in words: only when a run differs from its trace, so nothing is symbolised
 * before. Ids of threads and objects are at hand at any time.
 */
#ifndef REPLAYER_RUN_NAMES_H
#define REPLAYER_RUN_NAMES_H

#include <stdint.h>

#include "formats/record.h"
#include "recorder/text.h"

enum { RUN_NAMES_FRAMES = 8 }; /* innermost frames that are kept of a stack */

struct run_names;

/* Never NULL. */
struct run_names *run_names_new(void);
void run_names_free(struct run_names *names);

/* Records are checked (recorder/drain.h): the numbers that they name were announced. */
void run_names_lane(struct run_names *names, const struct record_lane *record);
void run_names_object(struct run_names *names, const struct record_object *record);
void run_names_context(struct run_names *names, const struct record_context *record);
void run_names_module(struct run_names *names, const struct record_module *record);
void run_names_code(struct run_names *names, const struct record_code *record);
void run_names_text(struct run_names *names, const struct record_text *record);

/* Stable ids; "" for 0 and for what was not announced. */
const char *run_names_lane_id(const struct run_names *names, uint32_t lane);
const char *run_names_object_id(const struct run_names *names, uint32_t object);

/*
 * The event in words, with its thread, and where it is. Reads debug information of the modules, so
 * it may take a second.
 */
void run_names_tell(const struct run_names *names, const struct record_event *event,
		    struct text *step, struct text *site);

#endif
