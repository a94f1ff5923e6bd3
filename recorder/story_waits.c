/*
 * Who waits for what where nobody could go on: the cycle of a deadlock, or all that stand.
 */
#include <inttypes.h>
#include <string.h>

#include "recorder/fields.h"
#include "recorder/library.h"
#include "recorder/story_part.h"

struct edge {
	uint32_t lane, kind, object, context, owner, owner_context;
	bool owner_ended; /* it holds the object for ever */
};

static unsigned read_edges(const cJSON *outcome, struct edge *edges)
{
	const cJSON *item;
	unsigned count = 0;

	cJSON_ArrayForEach (item, fields_array(outcome, "edges")) {
		const char *kind = fields_string(item, "kind", "");

		if (count == STORY_EDGES)
			break;
		edges[count++] = (struct edge){
			.lane = fields_number(item, "lane", 0),
			.kind = (uint32_t)event_kind_by_name(kind, strlen(kind)),
			.object = fields_number(item, "object", 0),
			.context = fields_number(item, "context", 0),
			.owner = fields_number(item, "owner", 0),
			.owner_context = fields_number(item, "owner_context", 0),
		};
	}
	return count;
}

/* The lane waits for a child, and that for the object, see preload/child_locks.h. */
static bool is_childs(const struct edge *edge)
{
	return edge->kind == EVENT_WAIT_CHILD && edge->object && edge->owner;
}

static bool object_is(const struct story *story, uint32_t number, const char *kind)
{
	const struct trace_object *object = trace_names_object(naming_names(story->naming), number);

	return object && object->kind && strcmp(object->kind, kind) == 0;
}

/* What the lock is that an interpreter's library waits for: enum library_use. */
static unsigned waits_inside(const struct story *story, const struct edge *edge)
{
	if (!object_is(story, edge->object, "lock") && !object_is(story, edge->object, "sem"))
		return 0;
	return library_use(naming_names(story->naming), edge->context) &
	       (LIBRARY_WAIT | LIBRARY_JOIN);
}

/* What the lane waits for. A wait on a condition ends with taking the mutex back. */
static void add_waiting(const struct story *story, struct text *text, const struct edge *edge)
{
	unsigned inside = waits_inside(story, edge);
	const char *call;
	bool wait = edge->kind == EVENT_COND_WAIT || edge->kind == EVENT_COND_TIMEDWAIT ||
		    edge->kind == EVENT_COND_WOKEN;

	if (inside & LIBRARY_WAIT) {
		call = library_call(naming_names(story->naming), edge->context);
		text_add(text, "waits to be notified");
		if (call) {
			text_add(text, " (");
			text_add_clean(text, call);
			text_add(text, ")");
		}
	} else if (inside & LIBRARY_JOIN) {
		text_add(text, "waits for the end of ");
		if (edge->owner && edge->owner != edge->lane)
			naming_lane(story->naming, text, edge->owner);
		else
			text_add(text, "a thread");
	} else if (wait && object_is(story, edge->object, "mutex")) {
		text_add(text, "waits to lock ");
		naming_object(story->naming, text, edge->object);
		text_add(text, " again after a wait");
	} else if (is_childs(edge)) {
		text_add(text, "waits for a child, which waits to lock ");
		naming_object(story->naming, text, edge->object);
	} else {
		naming_waiting(story->naming, text, edge->kind, edge->object, 0);
	}
}

/* "T1 (main) waits to lock savings.lock", where, and who has it since where. */
static void tell_edge(const struct story *story, const struct edge *edge, unsigned number)
{
	struct line line;
	struct text *text = line_begin(&line);
	uint64_t taken = story->taken && number < story->taken_count ? story->taken[number] : 0;

	naming_lane(story->naming, text, edge->lane);
	text_add(text, " ");
	add_waiting(story, text, edge);
	fprintf(story->out, "  %s\n", text->data);
	story_place(story, edge->context, 6);
	if (!edge->owner || naming_object_lane(story->naming, edge->object) ||
	    waits_inside(story, edge))
		return;
	text = line_begin(&line);
	naming_lane(story->naming, text, edge->owner);
	if (is_childs(edge))
		text_add(text, " had it when the child was made");
	else if (edge->owner == edge->lane)
		text_add(text, " itself has it");
	else if (!edge->owner_context && object_is(story, edge->object, "rwlock"))
		text_add(text, " waits for it too, and goes first");
	else
		text_add(text, edge->owner_ended ? " has ended and still has it" : " has it");
	if (taken)
		text_addf(text, " since event %" PRIu64, taken);
	fprintf(story->out, "    %s\n", text->data);
	story_place(story, edge->owner_context, 6);
}

/* "T2 "alice", T3 "bob" and T4", the lanes of the first `count` edges. */
static void add_lanes(const struct story *story, struct text *text, const struct edge *edges,
		      unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (i)
			text_add(text, i + 1 == count ? " and " : ", ");
		naming_lane(story->naming, text, edges[i].lane);
	}
}

/*
 * Objects in allocated memory or on a stack have no name that says anything: tell once for each
 * where it was made.
 */
static void tell_objects(const struct story *story, const struct edge *edges, unsigned count)
{
	const struct trace_object *object;
	const char *opening = "\n";
	struct line line;
	struct text *text;
	unsigned i, j;

	for (i = 0; i < count; i++) {
		object = trace_names_object(naming_names(story->naming), edges[i].object);
		if (!object || object->name || !object->context ||
		    naming_object_lane(story->naming, edges[i].object) ||
		    waits_inside(story, &edges[i]))
			continue;
		for (j = 0; j < i && edges[j].object != edges[i].object; j++)
			;
		if (j < i)
			continue;
		text = line_begin(&line);
		naming_object(story->naming, text, edges[i].object);
		text_add(text,
			 object->provisional ? " was first used at " : " was initialised at ");
		naming_site(story->naming, text, object->context);
		fprintf(story->out, "%s  %s\n", opening, text->data);
		opening = "";
	}
}

void story_deadlock(const struct story *story, const cJSON *outcome)
{
	struct edge edges[STORY_EDGES];
	unsigned i, count = read_edges(outcome, edges);
	unsigned cycle = fields_number(outcome, "cycle", count);
	struct line line;
	struct text *text = line_begin(&line);

	if (cycle > count)
		cycle = count;
	text_add(text, "Deadlock: ");
	add_lanes(story, text, edges, cycle);
	if (cycle == 0)
		text_add(text, "threads wait for each other");
	else if (cycle == 1)
		text_add(text, " waits for itself");
	else
		text_add(text, cycle == 2 ? " wait for each other" : " wait in a circle");
	if (!story->detail)
		fprintf(story->out, "%s.\n\n", text->data);
	for (i = 0; i < count; i++) {
		if (i == cycle)
			fprintf(story->out, "\nWaiting as well:\n\n");
		tell_edge(story, &edges[i], i);
	}
	tell_objects(story, edges, count);
}

/*
 * Where nobody can run every living thread waits, and is told: an owner that does not wait has
 * ended. Returns the first such edge, or NULL.
 */
static const struct edge *find_ended(struct edge *edges, unsigned count)
{
	const struct edge *first = NULL;
	unsigned i, j;

	for (i = 0; i < count && count < STORY_EDGES; i++) {
		for (j = 0; j < count && edges[j].lane != edges[i].owner; j++)
			;
		edges[i].owner_ended = edges[i].owner && j == count;
		if (edges[i].owner_ended && !first)
			first = &edges[i];
	}
	return first;
}

void story_stuck(const struct story *story, const cJSON *outcome)
{
	struct edge edges[STORY_EDGES];
	unsigned i, count = read_edges(outcome, edges);
	const struct edge *ended = find_ended(edges, count);
	bool child = count && is_childs(&edges[0]);
	struct line line;
	struct text *text = line_begin(&line);

	if (story->detail) {
		;
	} else if (child) {
		naming_lane(story->naming, text, edges[0].lane);
		text_add(text, " waits for a child, which waits for ");
		naming_object(story->naming, text, edges[0].object);
		fprintf(story->out, "Stuck: %s for ever.\n\n", text->data);
	} else if (ended) {
		naming_lane(story->naming, text, ended->owner);
		text_add(text, " ended without giving back ");
		naming_object(story->naming, text, ended->object);
		fprintf(story->out, "Stuck: %s; no thread can go on.\n\n", text->data);
	} else {
		fprintf(story->out, "Stuck: no thread can go on, and nothing outside can wake one "
				    "(a lost wake-up?).\n\n");
	}
	for (i = 0; i < count; i++)
		tell_edge(story, &edges[i], i);
	tell_objects(story, edges, count);
}
