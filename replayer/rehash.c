/*
 * Hashes of a run from the lines of its trace.
 */
#include "replayer/rehash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "formats/hash.h"
#include "formats/record.h"
#include "recorder/alloc.h"
#include "recorder/ids.h"

/* A lane or an object. */
struct thing {
	struct hash_chain chain;
	uint64_t id;
	bool known;
};

struct image {
	uint64_t order, hb;
};

struct rehash {
	const struct trace_names *names;
	struct thing *lanes, *objects;
	uint32_t lanes_end, objects_end;
	struct image images[REGION_PROCESSES];
	uint32_t images_end;
};

struct rehash *rehash_new(const struct trace_names *names)
{
	struct rehash *rehash = alloc_check(calloc(1, sizeof(*rehash)));
	const struct trace_object *object;
	const struct trace_lane *lane;
	uint32_t i;

	for (i = 0; i < REGION_PROCESSES; i++)
		rehash->images[i].order = HASH_START;
	rehash->names = names;
	rehash->lanes_end = trace_names_lanes_end(names);
	rehash->objects_end = trace_names_objects_end(names);
	rehash->lanes = alloc_check(calloc(rehash->lanes_end + 1, sizeof(struct thing)));
	rehash->objects = alloc_check(calloc(rehash->objects_end + 1, sizeof(struct thing)));
	for (i = 0; i < rehash->lanes_end; i++) {
		lane = trace_names_lane(names, i);
		rehash->lanes[i].known = lane && lane->process < REGION_PROCESSES &&
					 ids_lane_hash(lane->id, &rehash->lanes[i].id);
	}
	for (i = 0; i < rehash->objects_end; i++) {
		object = trace_names_object(names, i);
		rehash->objects[i].known = object &&
					   ids_object_hash(object->id,
							   object->kind ? object->kind : "object",
							   &rehash->objects[i].id);
	}
	return rehash;
}

void rehash_free(struct rehash *rehash)
{
	if (!rehash)
		return;
	free(rehash->lanes);
	free(rehash->objects);
	free(rehash);
}

static struct thing *lane_of(struct rehash *rehash, uint32_t number)
{
	return number < rehash->lanes_end && rehash->lanes[number].known ? &rehash->lanes[number]
									 : NULL;
}

static struct image *image_of(struct rehash *rehash, uint32_t lane)
{
	uint32_t index = trace_names_lane(rehash->names, lane)->process;

	if (index >= rehash->images_end)
		rehash->images_end = index + 1;
	return &rehash->images[index];
}

static int add_event(struct rehash *rehash, const struct trace_event *event, uint64_t number,
		     struct err *err)
{
	struct thing *lane = lane_of(rehash, event->lane), *object = NULL;
	struct image *image;
	uint64_t id;

	if (event->phase != PHASE_DONE)
		return 0;
	if (!lane)
		return err_set(err, EPROTO, "event %llu is of thread %u, which has no id",
			       (unsigned long long)number + 1, event->lane);
	if (event->kind == EVENT_NONE || event->kind >= EVENT_COUNT)
		return err_set(err, EPROTO,
			       "event %llu is of a kind that this version does not know",
			       (unsigned long long)number + 1);
	if (event->object) {
		if (event->object >= rehash->objects_end || !rehash->objects[event->object].known)
			return err_set(err, EPROTO, "event %llu is on object %u, which has no id",
				       (unsigned long long)number + 1, event->object);
		object = &rehash->objects[event->object];
	}
	id = object ? object->id : 0;
	image = image_of(rehash, event->lane);
	image->order = hash_order_event(image->order, lane->id, event->kind, id, event->result);
	image->hb += hash_hb_event(&lane->chain, lane->id, event->kind,
				   object ? &object->chain : NULL, id);
	return 0;
}

static int add_decision(struct rehash *rehash, const struct trace_decision *decision,
			uint64_t number, struct err *err)
{
	struct thing *lane = lane_of(rehash, decision->lane);
	struct image *image;

	if (!lane || decision->kind >= DECISION_COUNT)
		return err_set(err, EPROTO, "decision %llu is of an unknown thread or kind",
			       (unsigned long long)number + 1);
	image = image_of(rehash, decision->lane);
	image->order =
		hash_order_decision(image->order, lane->id, decision->kind, (uint64_t)decision->to);
	return 0;
}

int rehash_add(struct rehash *rehash, const struct trace_line *line, struct err *err)
{
	if (line->type == TRACE_LINE_EVENT)
		return add_event(rehash, &line->event, line->number, err);
	if (line->type == TRACE_LINE_DECISION)
		return add_decision(rehash, &line->decision, line->number, err);
	return 0;
}

void rehash_result(const struct rehash *rehash, uint64_t *order_hash, uint64_t *hb_hash)
{
	uint32_t i;

	*order_hash = rehash->images[0].order;
	*hb_hash = rehash->images[0].hb;
	for (i = 1; i < rehash->images_end; i++) {
		*order_hash = hash_mix(*order_hash, rehash->images[i].order);
		*hb_hash = hash_mix(*hb_hash, rehash->images[i].hb);
	}
}
