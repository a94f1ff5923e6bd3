/*
 * Accesses that ended the run because the memory was the program's no more: who had given it back.
 */
#include <string.h>

#include "recorder/fields.h"
#include "replayer/pattern_rules.h"

/* The lane's last event. */
static size_t last_of(const struct search *search, uint32_t lane)
{
	return lane && lane < search->history->lanes_end ? search->history->lanes[lane].last
							 : HISTORY_NONE;
}

/* The event in which the owner freed it, or the next one of that lane. */
static size_t freed_at(const struct search *search, const cJSON *edge, uint32_t owner)
{
	size_t i = search->failure;
	uint32_t object = fields_number(edge, "object", 0);

	while (i != HISTORY_NONE && i-- > 0) {
		const struct history_event *event = &search->history->events[i];

		if (event->lane == owner && event->kind == EVENT_FREE && event->object == object)
			return i;
	}
	return HISTORY_NONE;
}

static const char *verb(int kind)
{
	switch (kind) {
	case EVENT_LOAD:
		return "read";
	case EVENT_STORE:
		return "wrote";
	case EVENT_UPDATE:
		return "updated";
	default:
		return "used";
	}
}

bool pattern_memory(struct search *search)
{
	const cJSON *edge = cJSON_GetArrayItem(fields_array(search->outcome, "edges"), 0);
	uint32_t owner = fields_number(edge, "owner", 0);
	uint32_t context = fields_number(edge, "owner_context", 0);
	uint32_t object = fields_number(edge, "object", 0);
	const char *word = fields_string(edge, "kind", "");
	int kind = event_kind_by_name(word, strlen(word));
	size_t access = last_of(search, search->lane), freed = freed_at(search, edge, owner);
	uint32_t place = pattern_place_at(search, access);

	if (!owner || !search->lane)
		return false;
	if (kind == EVENT_MUTEX_UNLOCK || kind == EVENT_MUTEX_DESTROY)
		pattern_say(search, PATTERN_MISUSE, "%L %S %O at %P, which %L had locked at %P.",
			    search->lane, kind == EVENT_MUTEX_UNLOCK ? "unlocked" : "destroyed",
			    object, place, owner, sections_frame(search->history, context, 0));
	else if (!context)
		pattern_say(search, PATTERN_DEAD_STACK,
			    "%L %S a variable of a function of %L that had returned, at %P.",
			    search->lane, verb(kind), owner, place);
	else if (kind == EVENT_FREE)
		pattern_say(search, PATTERN_DOUBLE_FREE,
			    "%L freed a block at %P that %L had freed at %P.", search->lane,
			    sections_frame(search->history, fields_number(edge, "context", 0), 0),
			    owner, sections_frame(search->history, context, 0));
	else if (!object)
		pattern_say(search, PATTERN_USE_AFTER_FREE,
			    "%L used a lock, or the like, at %P; %L had freed the block that it is "
			    "in, at %P.",
			    search->lane,
			    sections_frame(search->history, fields_number(edge, "context", 0), 0),
			    owner, sections_frame(search->history, context, 0));
	else
		pattern_say(search, PATTERN_USE_AFTER_FREE,
			    "%L %S %O at %P; %L had freed the block that it is in, at %P.",
			    search->lane, verb(kind), object, place, owner,
			    sections_frame(search->history, context, 0));
	if (freed != HISTORY_NONE)
		pattern_show(search, freed, "gives it back");
	if (kind == EVENT_MUTEX_UNLOCK || kind == EVENT_MUTEX_DESTROY)
		pattern_show(search,
			     history_find(search->history, owner,
					  (uint64_t)fields_int(edge, "owner_k", 0)),
			     "has it from here on");
	else if (object && kind != EVENT_FREE)
		pattern_show(search, access, "uses it");
	pattern_show(search, access, "");
	pattern_show_failure(search);
	return true;
}
