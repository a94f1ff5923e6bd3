/*
 * Pairs locks with unlocks.
 */
#include "replayer/sections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "recorder/alloc.h"
#include "recorder/library.h"

enum { DEPTH = 4, OPEN = 64 };

/* What the lanes are in, as indexes of items; a lane in more than OPEN at once is a lost cause. */
struct holding {
	size_t items[OPEN];
	unsigned depth[OPEN]; /* recursive locks */
	unsigned count;
};

/* The last section of a lane on an object. */
struct latest {
	struct {
		uint32_t lane, object;
	} key;
	size_t item;
	UT_hash_handle hh;
};

struct pairing {
	struct sections *sections;
	struct holding **holding; /* by lane; NULL: nothing yet */
	uint32_t *holder;         /* by lock that anybody may release: the lane that took it */
	uint32_t holder_end;
	struct latest *latest;
};

/* A new section of the event's lane; returns its index. */
static size_t add_section(struct pairing *pairing, size_t at, uint32_t object)
{
	struct sections *sections = pairing->sections;
	struct latest *latest, wanted = { 0 };

	wanted.key.lane = sections->history->events[at].lane;
	wanted.key.object = object;
	HASH_FIND(hh, pairing->latest, &wanted.key, sizeof(wanted.key), latest);
	if (!latest) {
		latest = alloc_check(malloc(sizeof(*latest)));
		latest->key = wanted.key;
		latest->item = HISTORY_NONE;
		HASH_ADD(hh, pairing->latest, key, sizeof(latest->key), latest);
	}
	sections->items = alloc_grow(sections->items, sections->count, sizeof(*sections->items));
	sections->items[sections->count] = (struct section){
		.lane = wanted.key.lane,
		.object = object,
		.begin = at,
		.end = HISTORY_NONE,
		.previous = latest->item,
		.under = HISTORY_NONE,
		.wait = HISTORY_NONE,
	};
	latest->item = sections->count;
	return sections->count++;
}

static struct holding *holding_of(struct pairing *pairing, uint32_t lane)
{
	struct holding **holding = &pairing->holding[lane];

	if (!*holding)
		*holding = alloc_check(calloc(1, sizeof(**holding)));
	return *holding;
}

/*
 * A lock of an interpreter's own, around each thing that the program does: what comes between two
 * of its sections says nothing.
 */
static bool is_interpreters(const struct history *history, uint32_t number)
{
	const struct trace_object *object = trace_names_object(history->file->names, number);

	/* So are those of the libraries that it is made of. */
	if (history->interpreted && history_kind(history, number) != OBJECT_LOCK)
		return true;
	return object && object->name && !strncmp(object->name, "_PyRuntime", 10);
}

static void open_section(struct pairing *pairing, size_t at, uint32_t object, bool reads)
{
	struct sections *sections = pairing->sections;
	uint32_t lane = sections->history->events[at].lane;
	struct holding *holding = holding_of(pairing, lane);
	unsigned i;

	if (object < pairing->holder_end)
		pairing->holder[object] = lane;
	for (i = 0; i < holding->count; i++)
		if (sections->items[holding->items[i]].object == object) {
			holding->depth[i]++;
			return;
		}
	if (holding->count == OPEN || is_interpreters(sections->history, object))
		return;
	holding->depth[holding->count] = 1;
	holding->items[holding->count] = add_section(pairing, at, object);
	sections->items[holding->items[holding->count++]].reads = reads;
}

static void close_section(struct pairing *pairing, size_t at, uint32_t object, bool waits)
{
	struct sections *sections = pairing->sections;
	uint32_t lane = sections->history->events[at].lane;
	struct holding *holding;
	unsigned i;

	if (history_kind(sections->history, object) == OBJECT_LOCK && pairing->holder[object])
		lane = pairing->holder[object];
	holding = holding_of(pairing, lane);
	for (i = 0; i < holding->count; i++)
		if (sections->items[holding->items[i]].object == object)
			break;
	if (i == holding->count || (!waits && --holding->depth[i]))
		return;
	sections->items[holding->items[i]].end = at;
	sections->items[holding->items[i]].waits = waits;
	holding->count--;
	for (; i < holding->count; i++) {
		holding->items[i] = holding->items[i + 1];
		holding->depth[i] = holding->depth[i + 1];
	}
}

static struct section *add_single(struct pairing *pairing, size_t at, bool reads)
{
	const struct history_event *event = &pairing->sections->history->events[at];
	const struct holding *holding = holding_of(pairing, event->lane);
	size_t item = add_section(pairing, at, event->object);
	struct section *section = &pairing->sections->items[item];

	if (holding->count)
		section->under = holding->items[holding->count - 1];
	section->end = at;
	section->reads = reads;
	section->single = true;
	return section;
}

/* An address, as opposed to one connection to it. */
static bool is_server(const struct history *history, uint32_t number)
{
	const struct trace_object *object = trace_names_object(history->file->names, number);

	return object &&
	       (strncmp(object->id, "socket:", 7) == 0 || strncmp(object->id, "unix:", 5) == 0);
}

static void add_io(struct pairing *pairing, size_t at, bool reads)
{
	const struct history *history = pairing->sections->history;
	const struct history_event *event = &history->events[at];

	if (event->kind == EVENT_SEND || is_server(history, event->object)) {
		if (!reads && event->result > 0 && is_server(history, event->object))
			add_single(pairing, at, false)->request = true;
		return;
	}
	/* That there is no such file is an answer too, and that there is one already. */
	if (event->object && (event->result >= 0 || event->kind == EVENT_FILE_STAT ||
			      (event->kind == EVENT_FILE_CREATE && event->result == -EEXIST)))
		add_single(pairing, at, reads);
}

/* The lane has its mutex again. */
static void come_back(struct pairing *pairing, size_t at)
{
	struct sections *sections = pairing->sections;
	const struct history *history = sections->history;
	size_t count = sections->count, wait = at;

	open_section(pairing, at, history->events[at].object2, false);
	if (sections->count == count)
		return;
	do
		wait = history_before(history, history->events[at].lane, wait);
	while (wait != HISTORY_NONE && (history->events[wait].phase != PHASE_DONE ||
					(history->events[wait].kind != EVENT_COND_WAIT &&
					 history->events[wait].kind != EVENT_COND_TIMEDWAIT)));
	sections->items[count].wait = wait;
}

static void add_event(struct pairing *pairing, size_t at)
{
	const struct history_event *event = &pairing->sections->history->events[at];

	if (event->phase != PHASE_DONE)
		return;
	switch (event->kind) {
	case EVENT_MUTEX_LOCK:
	case EVENT_MUTEX_TRYLOCK:
	case EVENT_MUTEX_TIMEDLOCK:
	case EVENT_RWLOCK_WRLOCK:
	case EVENT_RWLOCK_TRYWRLOCK:
	case EVENT_RWLOCK_TIMEDWRLOCK:
	case EVENT_SPIN_LOCK:
	case EVENT_SPIN_TRYLOCK:
		if (!event->result)
			open_section(pairing, at, event->object, false);
		break;
	case EVENT_RWLOCK_RDLOCK:
	case EVENT_RWLOCK_TRYRDLOCK:
	case EVENT_RWLOCK_TIMEDRDLOCK:
		if (!event->result)
			open_section(pairing, at, event->object, true);
		break;
	case EVENT_MUTEX_UNLOCK:
	case EVENT_RWLOCK_UNLOCK:
	case EVENT_SPIN_UNLOCK:
		if (!event->result)
			close_section(pairing, at, event->object, false);
		break;
	case EVENT_COND_WAIT:
	case EVENT_COND_TIMEDWAIT:
		if (event->object2)
			close_section(pairing, at, event->object2, true);
		break;
	case EVENT_COND_WOKEN:
		if (event->object2)
			come_back(pairing, at);
		break;
	case EVENT_READ:
	case EVENT_FILE_STAT:
	case EVENT_FILE_OPEN: /* what is read then is this file, whatever becomes of its name */
		add_io(pairing, at, true);
		break;
	case EVENT_SEND:
	case EVENT_WRITE:
	case EVENT_FILE_CREATE:
	case EVENT_FILE_RENAME:
	case EVENT_FILE_LINK:
	case EVENT_FILE_REMOVE:
	case EVENT_FILE_CHANGE:
		add_io(pairing, at, false);
		break;
	case EVENT_LOAD:
	case EVENT_ITERATE:
	case EVENT_QUERY:
		add_single(pairing, at, true)->variable = true;
		break;
	case EVENT_STORE:
	case EVENT_UPDATE:
	case EVENT_DELETE:
		add_single(pairing, at, false)->variable = true;
		break;
	case EVENT_CALL:
		if (!library_synchronises(event->text))
			add_single(pairing, at, library_looks(event->text))->variable = true;
		break;
	}
}

struct sections *sections_new(const struct history *history)
{
	struct sections *sections = alloc_check(calloc(1, sizeof(*sections)));
	struct pairing pairing = { .sections = sections };
	struct latest *latest, *next;
	size_t i;

	sections->history = history;
	pairing.holding = alloc_check(calloc(history->lanes_end + 1, sizeof(*pairing.holding)));
	pairing.holder_end = history->kinds_end;
	pairing.holder = alloc_check(calloc(pairing.holder_end + 1, sizeof(*pairing.holder)));
	for (i = 0; i < history->events_n; i++)
		add_event(&pairing, i);
	for (i = 0; i < history->lanes_end; i++)
		free(pairing.holding[i]);
	free(pairing.holding);
	free(pairing.holder);
	HASH_ITER (hh, pairing.latest, latest, next) {
		HASH_DEL(pairing.latest, latest);
		free(latest);
	}
	return sections;
}

void sections_free(struct sections *sections)
{
	if (!sections)
		return;
	free(sections->items);
	free(sections);
}

const struct section *sections_open(const struct sections *sections, uint32_t lane)
{
	size_t i;

	for (i = sections->count; i-- > 0;)
		if (sections->items[i].lane == lane && sections->items[i].end == HISTORY_NONE)
			return &sections->items[i];
	return NULL;
}

const struct section *sections_last(const struct sections *sections, uint32_t lane, size_t to)
{
	size_t i;

	for (i = sections->count; i-- > 0;)
		if (sections->items[i].lane == lane && !sections->items[i].single &&
		    sections->items[i].begin < to)
			return &sections->items[i];
	return NULL;
}

const struct section *sections_around(const struct sections *sections, size_t at)
{
	uint32_t lane = sections->history->events[at].lane;
	size_t i;

	for (i = sections->count; i-- > 0;)
		if (sections->items[i].lane == lane && sections->items[i].begin <= at &&
		    sections->items[i].end >= at)
			return &sections->items[i];
	return NULL;
}

const struct section *sections_previous(const struct sections *sections,
					const struct section *section)
{
	return section->previous == HISTORY_NONE ? NULL : &sections->items[section->previous];
}

const struct section *sections_next(const struct sections *sections, const struct section *section)
{
	const struct section *item = section;

	while (++item < sections->items + sections->count)
		if (item->lane == section->lane && item->object == section->object)
			return item;
	return NULL;
}

const struct section *sections_before(const struct sections *sections,
				      const struct section *section)
{
	const struct section *item = section;

	while (item-- > sections->items)
		if (item->lane == section->lane && !item->single)
			return item;
	return NULL;
}

const struct section *sections_between(const struct sections *sections, uint32_t object,
				       uint32_t not_lane, uint32_t lane, size_t from, size_t to)
{
	size_t low = 0, high = sections->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sections->items[middle].begin < to)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- > 0) {
		const struct section *item = &sections->items[low];

		if (item->begin <= from)
			break;
		if (item->object == object && item->lane != not_lane &&
		    (!lane || item->lane == lane))
			return item;
	}
	return NULL;
}

uint32_t sections_frame(const struct history *history, uint32_t context, unsigned depth)
{
	const struct trace_context *stack = trace_names_context(history->file->names, context);
	uint32_t i = trace_names_user_frame(history->file->names, context, depth);

	return i == UINT32_MAX ? 0 : stack->frames[i];
}

unsigned sections_depth(const struct history *history, uint32_t a, uint32_t b)
{
	unsigned depth;

	for (depth = 0; depth < DEPTH; depth++)
		if (sections_frame(history, a, depth) != sections_frame(history, b, depth))
			return depth + 1;
	return 0;
}

bool sections_same_place(const struct history *history, uint32_t a, uint32_t b, unsigned depth)
{
	unsigned i;

	/* Without user code (a stripped library) only the whole context tells. */
	if (!sections_frame(history, a, 0))
		return a == b;
	for (i = 0; i < depth; i++)
		if (sections_frame(history, a, i) != sections_frame(history, b, i))
			return false;
	return true;
}

uint32_t sections_context(const struct sections *sections, const struct section *section)
{
	return sections->history->events[section->begin].context;
}
