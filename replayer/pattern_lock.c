/*
 * Locks that are never given back: circles, a lane that waits for itself, an owner that has ended.
 * The runtime found the circle; here it is said, and the places where each lock was taken are
 * shown.
 */
#include <string.h>

#include "recorder/fields.h"
#include "recorder/library.h"
#include "recorder/story.h"
#include "replayer/pattern_rules.h"

struct edge {
	uint32_t kind, lane, object, context, owner, owner_context;
	uint64_t owner_k;
};

static unsigned read_edges(const struct search *search, struct edge *edges)
{
	const cJSON *item;
	unsigned count = 0;

	cJSON_ArrayForEach (item, fields_array(search->outcome, "edges")) {
		const char *kind = fields_string(item, "kind", "");

		if (count == STORY_EDGES)
			break;
		edges[count++] = (struct edge){
			.kind = (uint32_t)event_kind_by_name(kind, strlen(kind)),
			.lane = fields_number(item, "lane", 0),
			.object = fields_number(item, "object", 0),
			.context = fields_number(item, "context", 0),
			.owner = fields_number(item, "owner", 0),
			.owner_context = fields_number(item, "owner_context", 0),
			.owner_k = (uint64_t)fields_int(item, "owner_k", 0),
		};
	}
	return count;
}

/* Where the owner took it; HISTORY_NONE: the runtime does not know. */
static size_t taken_at(const struct search *search, const struct edge *edge)
{
	return edge->owner_context ? history_find(search->history, edge->owner, edge->owner_k)
				   : HISTORY_NONE;
}

static size_t last_of(const struct search *search, uint32_t lane)
{
	return lane < search->history->lanes_end ? search->history->lanes[lane].last : HISTORY_NONE;
}

static void show_edge(struct search *search, const struct edge *edge)
{
	pattern_show(search, taken_at(search, edge), "");
	pattern_show(search, last_of(search, edge->lane), "waits for ever");
}

static void add_lanes(struct search *search, const struct edge *edges, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		pattern_add(search,
			    i == 0           ? "%L"
			    : i + 1 == count ? " and %L"
					     : ", %L",
			    edges[i].lane);
}

static size_t signal_between(const struct search *search, uint32_t lane, size_t from, size_t to)
{
	size_t i;

	for (i = to; i-- > from;)
		if (search->history->events[i].lane == lane &&
		    search->history->events[i].kind == EVENT_SIGNAL)
			return i;
	return HISTORY_NONE;
}

/*
 * A handler runs on top of what it interrupted: between the frames of both are those of who called
 * it, the kernel's trampoline or our runtime.
 */
static bool is_in_handler(const struct search *search, size_t at)
{
	const struct trace_names *names = search->history->file->names;
	const struct trace_context *stack =
		trace_names_context(names, search->history->events[at].context);
	const struct trace_location *location;
	uint32_t i;

	for (i = 0; stack && i < stack->frames_n; i++) {
		location = trace_names_location(names, stack->frames[i]);
		if (location && location->source.function && !location->user &&
		    (strstr(location->source.function, "restore_rt") ||
		     strcmp(location->source.function, "signals_deliver") == 0))
			return true;
	}
	return false;
}

/*
 * A handler of an interpreted program runs some time after its signal, between two instructions of
 * whatever function is innermost: that line does not call it.
 */
static bool is_called_by_none(const struct search *search, size_t at)
{
	const struct trace_names *names = search->history->file->names;
	const struct trace_location *callee, *caller;
	const char *name, *dot;
	unsigned depth;

	for (depth = 0;; depth++) {
		uint32_t context = search->history->events[at].context;

		callee = trace_names_location(names,
					      sections_frame(search->history, context, depth));
		caller = trace_names_location(names,
					      sections_frame(search->history, context, depth + 1));
		if (!library_is_interpreted(callee) || !library_is_interpreted(caller))
			return false;
		dot = strrchr(callee->source.function, '.');
		name = dot ? dot + 1 : callee->source.function;
		if (caller->text && !strstr(caller->text, name))
			return true;
	}
}

static void say_itself(struct search *search, const struct edge *edge)
{
	size_t taken = taken_at(search, edge), last = last_of(search, edge->lane);
	size_t signal = HISTORY_NONE;

	if (taken != HISTORY_NONE && last != HISTORY_NONE && is_in_handler(search, last))
		signal = signal_between(search, edge->lane, taken, last);
	else if (last != HISTORY_NONE && is_called_by_none(search, last))
		signal = signal_between(search, edge->lane, 0, last);
	if (signal != HISTORY_NONE) {
		pattern_say(search, PATTERN_HANDLER,
			    "a signal came while %L had %O since %P, and its handler waits for "
			    "%O at %P.",
			    edge->lane, edge->object, pattern_place_at(search, taken), edge->object,
			    pattern_place_at(search, last));
		pattern_show(search, signal, "the handler runs");
	} else {
		pattern_say(search, PATTERN_SELF_DEADLOCK, "%L waits for %O, which it has itself",
			    edge->lane, edge->object);
		if (taken != HISTORY_NONE)
			pattern_add(search, " since %P", pattern_place_at(search, taken));
		pattern_add(search, ".");
	}
	show_edge(search, edge);
}

/* The lock is the library's own: a thread waits to be notified, or for the end of another. */
static bool is_librarys(const struct search *search, const struct edge *edge)
{
	return library_use(search->history->file->names, edge->context) &
	       (LIBRARY_WAIT | LIBRARY_JOIN);
}

/* A lock of an interpreter, which another lane could give back, but there is none left. */
bool pattern_itself(struct search *search)
{
	struct edge edges[STORY_EDGES];
	unsigned i, count = read_edges(search, edges);

	for (i = 0; i < count; i++)
		if (edges[i].lane == edges[i].owner &&
		    history_kind(search->history, edges[i].object) == OBJECT_LOCK &&
		    !is_librarys(search, &edges[i])) {
			say_itself(search, &edges[i]);
			return true;
		}
	return false;
}

/*
 * Who waits for which lock, and since when who has it. Of an interpreted program: there a lock has
 * the name of an attribute of some object, and the places tell which.
 */
static void add_circle(struct search *search, const struct edge *edges, unsigned cycle)
{
	enum { MOST = 3 };
	unsigned i;

	for (i = 0; i < cycle && cycle <= MOST; i++) {
		pattern_add(search, i ? "; %L for %O at %P" : ": %L waits for %O at %P",
			    edges[i].lane, edges[i].object,
			    pattern_place_at(search, last_of(search, edges[i].lane)));
		if (taken_at(search, &edges[i]) != HISTORY_NONE)
			pattern_add(search, ", which %L has since %P", edges[i].owner,
				    pattern_place_at(search, taken_at(search, &edges[i])));
	}
	pattern_add(search, ".");
}

bool pattern_deadlock(struct search *search)
{
	struct edge edges[STORY_EDGES];
	unsigned i, count = read_edges(search, edges);
	unsigned cycle = fields_number(search->outcome, "cycle", count);

	if (cycle > count)
		cycle = count;
	if (!cycle)
		return false;
	if (cycle == 1 && is_librarys(search, &edges[0]))
		return pattern_ended_owner(search) || pattern_stuck(search);
	if (cycle == 1 && edges[0].lane == edges[0].owner) {
		say_itself(search, &edges[0]);
		return true;
	}
	pattern_say(search, PATTERN_DEADLOCK, "");
	add_lanes(search, edges, cycle);
	pattern_add(search, cycle == 2 ? " wait for each other" : " wait in a circle");
	if (history_kind(search->history, edges[0].object) == OBJECT_LOCK)
		add_circle(search, edges, cycle);
	else
		pattern_add(search, ".");
	for (i = 0; i < cycle; i++)
		show_edge(search, &edges[i]);
	return true;
}

/* The last event of a lane on an object before `end` that is one of taking or giving it. */
static size_t last_use(const struct search *search, uint32_t lane, uint32_t object, size_t end)
{
	size_t i;

	for (i = end; i-- > 0;)
		if (search->history->events[i].lane == lane &&
		    search->history->events[i].object == object)
			return i;
	return HISTORY_NONE;
}

static size_t last_fork(const struct search *search, uint32_t lane, size_t end)
{
	size_t i;

	for (i = end; i-- > 0;)
		if (search->history->events[i].lane == lane &&
		    search->history->events[i].kind == EVENT_FORK)
			return i;
	return HISTORY_NONE;
}

/* A lane waits for a child, which waits for a lock that another lane had when it was made. */
bool pattern_forked_owner(struct search *search)
{
	struct edge edges[STORY_EDGES];
	unsigned count = read_edges(search, edges);
	size_t waits, forked, taken;

	if (!count || edges[0].kind != EVENT_WAIT_CHILD || !edges[0].object || !edges[0].owner)
		return false;
	waits = last_of(search, edges[0].lane);
	if (waits == HISTORY_NONE)
		return false;
	forked = last_fork(search, edges[0].lane, waits);
	if (forked == HISTORY_NONE)
		return false;
	taken = last_use(search, edges[0].owner, edges[0].object, forked);
	pattern_say(search, PATTERN_FORKED_OWNER, "%L had %O", edges[0].owner, edges[0].object);
	if (taken != HISTORY_NONE)
		pattern_add(search, ", taken at %P,", pattern_place_at(search, taken));
	pattern_add(search,
		    " when %L made a child at %P. In the child it stays locked, as %L is not "
		    "there to give it back: the child waits for it for ever, and %L for the child.",
		    edges[0].lane, pattern_place_at(search, forked), edges[0].owner, edges[0].lane);
	pattern_show(search, taken, "");
	pattern_show(search, forked, "in the child it stays locked");
	pattern_show(search, waits, "waits for ever");
	return true;
}

/* Who has the lock that an edge waits for has ended. */
bool pattern_ended_owner(struct search *search)
{
	struct edge edges[STORY_EDGES];
	unsigned i, count = read_edges(search, edges);
	size_t end;

	for (i = 0; i < count; i++) {
		if (!edges[i].owner || edges[i].owner >= search->history->lanes_end ||
		    naming_object_lane(search->history->file->naming, edges[i].object))
			continue;
		end = search->history->lanes[edges[i].owner].end;
		if (end == HISTORY_NONE)
			continue;
		pattern_say(search, PATTERN_ENDED_OWNER, "%L ended without giving back %O",
			    edges[i].owner, edges[i].object);
		if (taken_at(search, &edges[i]) != HISTORY_NONE)
			pattern_add(search, ", which it took at %P",
				    pattern_place_at(search, taken_at(search, &edges[i])));
		pattern_add(search, "; %L waits for it.", edges[i].lane);
		show_edge(search, &edges[i]);
		pattern_show(search, end, "");
		return true;
	}
	return false;
}
