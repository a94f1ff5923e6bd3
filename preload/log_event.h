/*
 * The record of an event, and its place in the hashes of the run. In line, as it is half of what an
 * operation costs that goes on. Requires the turn.
 */
#ifndef PRELOAD_LOG_EVENT_H
#define PRELOAD_LOG_EVENT_H

#include "formats/hash.h"
#include "preload/log.h"
#include "preload/memory/hb.h"
#include "preload/memory/used.h"
#include "preload/ring.h"

/*
 * The lane's pending operation, with k = me->k, and a value of enum event_value. Also keeps
 * order_hash and hb_hash (phase DONE only).
 */
static inline void log_event_here(struct lane *me, enum event_phase phase, int64_t result,
				  unsigned type, int64_t value)
{
	struct record_event *record = ring_reserve(RECORD_EVENT, sizeof *record);
	struct region_process *process = &region->process[process_index];
	struct object *object = me->object;

	if (memory_used && !hb_is_nothing(me))
		hb_event(me, phase);
	record->kind = (uint8_t)me->kind;
	record->phase = (uint8_t)phase;
	record->process = (uint16_t)process_index;
	record->lane = me->number;
	record->k = me->k;
	record->object = object ? object->number : 0;
	record->object2 = me->object2 ? me->object2->number : 0;
	record->context = me->context;
	record->has_value = type;
	record->result = result;
	record->value = value;
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
	ring_commit(sizeof *record);
}

#endif
