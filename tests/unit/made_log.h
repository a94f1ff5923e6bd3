/*
 * Logs of runs that never took place, for tests of what a search makes of them: a record at a time,
 * through the sink that a drain would use.
 *
 *	log = made_log(2);			lanes 1 (main) and 2, its child
 *	made_event(log, 1, 5, EVENT_MUTEX_LOCK, 1, 1);
 *	made_offer(log, DECISION_PICK, 1, 6, 0x3);	slots 0 and 1 could run, and 1 went on
 *	made_decision(log, DECISION_PICK, 1, 7, 2, "12");	2 went on; 1 and 2 could have
 *
 * Lane n has slot n - 1. Objects and contexts are made when they are first named.
 */
#ifndef TESTS_UNIT_MADE_LOG_H
#define TESTS_UNIT_MADE_LOG_H

#include <stdint.h>

#include "formats/event.h"
#include "fuzz/run_log.h"

/* To be freed with run_log_free(). */
struct run_log *made_log(uint32_t lanes);

/* One more lane. */
void made_lane(struct run_log *log, uint32_t number, uint32_t parent);

/* Makes the object stand for a lane. */
void made_lane_object(struct run_log *log, uint32_t number, uint32_t lane);

void made_event(struct run_log *log, uint32_t lane, uint64_t k, unsigned kind, uint32_t object,
		uint32_t context);
void made_announce(struct run_log *log, uint32_t lane, uint64_t k, unsigned kind, uint32_t object,
		   uint32_t context);
void made_event2(struct run_log *log, uint32_t lane, uint64_t k, unsigned kind, uint32_t object,
		 uint32_t object2, uint32_t context);
/* `options`: a digit for each lane that could have been chosen. */
void made_decision(struct run_log *log, unsigned kind, uint32_t lane, uint64_t k, int64_t choice,
		   const char *options);
void made_offer(struct run_log *log, unsigned kind, uint32_t lane, uint64_t k, uint64_t slots);
void made_note(struct run_log *log, unsigned kind, const char *text);

/* The stable ids behind the numbers. */
uint64_t made_lane_id(uint32_t lane);
uint64_t made_object_id(uint32_t object);

#endif
