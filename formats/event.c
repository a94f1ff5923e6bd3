/*
 * The event table, built from event.def. Freestanding; no state.
 */
#include "formats/event.h"

#define NONE ACCESS_NONE
#define READ ACCESS_READ
#define WRITE ACCESS_WRITE
#define ACQUIRE ACCESS_ACQUIRE
#define RELEASE ACCESS_RELEASE
#define POINT EVENT_FLAG_POINT
#define RESULT EVENT_FLAG_RESULT

const struct event_row event_table[EVENT_COUNT] = {
	{ "none", ACCESS_NONE, 0 },
#define EVENT(symbol, name, access, flags) { name, access, flags },
#include "formats/event.def"
#undef EVENT
};

const char *event_kind_name(unsigned kind)
{
	return kind < EVENT_COUNT ? event_table[kind].name : "unknown";
}

static bool name_equals(const char *row, const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (row[i] == '\0' || row[i] != name[i])
			return false;
	return row[length] == '\0';
}

int event_kind_by_name(const char *name, size_t length)
{
	unsigned kind;

	for (kind = 1; kind < EVENT_COUNT; kind++)
		if (name_equals(event_table[kind].name, name, length))
			return (int)kind;
	return EVENT_NONE;
}

bool event_dependent(unsigned kind_a, uint32_t object_a, unsigned kind_b, uint32_t object_b)
{
	unsigned a, b;

	if (object_a == 0 || object_a != object_b || kind_a >= EVENT_COUNT || kind_b >= EVENT_COUNT)
		return false;
	a = event_table[kind_a].access;
	b = event_table[kind_b].access;
	if (a == ACCESS_NONE || b == ACCESS_NONE)
		return false;
	return !(a == ACCESS_READ && b == ACCESS_READ);
}
