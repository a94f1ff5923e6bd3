/*
 * The record of an event, and its place in the hashes of the run. In line, as it is half of what an
 * operation costs that goes on. Requires the turn.
 */
#ifndef PRELOAD_LOG_EVENT_H
#define PRELOAD_LOG_EVENT_H

#include <stddef.h>

#include "formats/hash.h"
#include "formats/record_brief.h"
#include "preload/log.h"
#include "preload/memory/hb.h"
#include "preload/memory/used.h"
#include "preload/ring.h"

/* The record of an event that has no short form (record_brief.h). */
void log_event_in_full(const struct lane *me, enum event_phase phase, int64_t result, unsigned type,
		       int64_t value);

/*
 * The lane's pending operation, with k = me->k, and a value of enum event_value. Also keeps
 * order_hash and hb_hash (phase DONE only).
 */
static inline void log_event_here(struct lane *me, enum event_phase phase, int64_t result,
				  unsigned type, int64_t value)
{
	struct region_process *process = &region->process[process_index];
	struct object *object = me->object;
	uint32_t number = object ? object->number : 0;

	if (memory_used && !hb_is_nothing(me))
		hb_event(me, phase);
	if (__builtin_expect(record_brief_fits(process_index, me->number, me->k, number,
					       me->object2 != NULL, me->context, result),
			     1)) {
		struct record_brief *brief = ring_reserve(RECORD_BRIEF, BRIEF_BYTES(type));

		brief->head.reserved = record_brief_form(me->kind, phase, result, type);
		brief->who = record_brief_who(me->number, me->k);
		brief->what = record_brief_what(number, me->context);
		if (type != EVENT_VALUE_NONE)
			brief->value = value;
		ring_commit(BRIEF_BYTES(type));
	} else {
		log_event_in_full(me, phase, result, type, value);
	}
	if (phase == PHASE_DONE) {
		uint64_t object_id = object ? object->id_hash : 0;

		schedule.order_hash = hash_order_event(schedule.order_hash, me->id_hash, me->kind,
						       object_id, result);
		schedule.hb_hash += hash_hb_event(&me->chain, me->id_hash, me->kind,
						  object ? &object->chain : NULL, object_id);
		schedule.events++;
		process->events = schedule.events;
		process->order_hash = schedule.order_hash;
		process->hb_hash = schedule.hb_hash;
	}
}

#endif
