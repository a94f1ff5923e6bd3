/*
 * See profile.h. Objects are kept by their stable ids; those whose id depends on the schedule may
 * not be met again, and cost nothing but effect.
 */
#include "fuzz/profile.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "formats/event.h"
#include "formats/hash.h"
#include "fuzz/set64.h"
#include "recorder/alloc.h"

#define OBJECTS_MAX 4096u
#define LIBRARY_WEIGHT 0.125 /* beside 1 for objects that the user's code touches */

struct use {
	uint64_t lane, parent, events;
};

struct target {
	uint64_t object, total;
	struct use *uses; /* in order of creation of the lanes */
	size_t count, room;
	size_t lanes; /* with events */
	bool changed;
	bool users; /* some code that is not the library's of an interpreter uses it */
};

struct profile {
	struct target *targets;
	size_t count, room;
	struct set64 by_object; /* index + 1 */
	struct set64 sites;     /* 1 private so far, 2 shared */
	size_t *order;          /* of the shared ones, by uses */
	size_t order_count;
	uint64_t *private;
	size_t private_count;
};

struct profile *profile_new(void)
{
	return alloc_check(calloc(1, sizeof(struct profile)));
}

void profile_free(struct profile *profile)
{
	size_t i;

	if (!profile)
		return;
	for (i = 0; i < profile->count; i++)
		free(profile->targets[i].uses);
	free(profile->targets);
	free(profile->order);
	free(profile->private);
	set64_fini(&profile->by_object);
	set64_fini(&profile->sites);
	free(profile);
}

static struct target *target_of(struct profile *profile, uint64_t object)
{
	uint64_t *index;

	if (profile->count >= OBJECTS_MAX && !set64_has(&profile->by_object, object))
		return NULL;
	index = set64_at(&profile->by_object, object);
	if (!*index) {
		if (profile->count == profile->room) {
			profile->room = profile->room ? 2 * profile->room : 32;
			profile->targets = alloc_check(reallocarray(profile->targets, profile->room,
								    sizeof(*profile->targets)));
		}
		profile->targets[profile->count] = (struct target){ .object = object };
		*index = ++profile->count;
	}
	return &profile->targets[*index - 1];
}

static struct use *use_of(struct target *target, uint64_t lane)
{
	size_t i;

	for (i = 0; i < target->count; i++)
		if (target->uses[i].lane == lane)
			return &target->uses[i];
	return NULL;
}

static void add_use(struct target *target, uint64_t lane, uint64_t parent)
{
	if (target->count == target->room) {
		target->room = target->room ? 2 * target->room : 8;
		target->uses = alloc_check(
			reallocarray(target->uses, target->room, sizeof(*target->uses)));
	}
	target->uses[target->count++] = (struct use){ lane, parent, 0 };
}

/* Rows for the lane and, before it, for those that it descends from. */
static void ensure(struct target *target, const struct run_log *log, uint32_t lane)
{
	uint64_t id = run_log_lane_id(log, lane);

	if (!id || use_of(target, id))
		return;
	ensure(target, log, log->lanes[lane].parent);
	add_use(target, id, run_log_lane_id(log, log->lanes[lane].parent));
}

static bool counts(const struct run_step *step)
{
	return step->type == STEP_EVENT && step->object &&
	       (event_table[step->kind].flags & EVENT_FLAG_POINT) &&
	       event_table[step->kind].access != ACCESS_NONE;
}

/* Per object of one run. */
struct tally {
	uint32_t first_lane;
	bool shared, changed, users;
};

static uint64_t use_key(size_t object, size_t lane)
{
	return hash_id(object, lane, 0);
}

/* Accesses of native code are events where others use the same memory, or have at this place. */
static bool is_memory(const struct run_log *log, unsigned kind)
{
	return !log->interpreted && (kind == EVENT_LOAD || kind == EVENT_STORE ||
				     kind == EVENT_UPDATE || kind == EVENT_FREE);
}

/* Giving back is a point for locks that may be in memory that somebody else gives back. */
static bool is_unlock(unsigned kind)
{
	return kind == EVENT_MUTEX_UNLOCK || kind == EVENT_RWLOCK_UNLOCK ||
	       kind == EVENT_SPIN_UNLOCK;
}

static void mark_sites(struct profile *profile, const struct run_log *log,
		       const struct tally *tallies)
{
	bool frees = false;
	size_t i;

	for (i = 0; i < log->step_count; i++)
		frees = frees ||
			(log->steps[i].type == STEP_EVENT && log->steps[i].kind == EVENT_FREE);

	for (i = 0; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];
		uint64_t site, *mark;
		bool shared;

		if (step->type != STEP_EVENT || !step->context ||
		    (!(event_table[step->kind].flags & EVENT_FLAG_POINT) && !is_unlock(step->kind)))
			continue;
		site = run_log_site(log, step->context);
		/* What has no object may mean anything: the end of the process, a signal. */
		shared = step->kind == EVENT_EXIT || step->kind == EVENT_KILL ||
			 step->kind == EVENT_THREAD_CANCEL || is_memory(log, step->kind) ||
			 (frees && is_unlock(step->kind)) ||
			 (step->object < log->object_count && tallies[step->object].shared) ||
			 (step->object2 < log->object_count && tallies[step->object2].shared);
		mark = set64_at(&profile->sites, site);
		if (*mark != 2)
			*mark = shared ? 2 : 1;
	}
}

static int by_uses(const void *a_, const void *b_, void *self)
{
	const struct profile *profile = self;
	const struct target *a = &profile->targets[*(const size_t *)a_];
	const struct target *b = &profile->targets[*(const size_t *)b_];

	if (a->users != b->users)
		return a->users ? -1 : 1;
	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int by_value(const void *a_, const void *b_)
{
	uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;

	return a < b ? -1 : a > b;
}

static void sort(struct profile *profile)
{
	size_t i;

	profile->order = alloc_check(
		reallocarray(profile->order, profile->count + 1, sizeof(*profile->order)));
	profile->order_count = 0;
	for (i = 0; i < profile->count; i++)
		if (profile->targets[i].lanes > 1 && profile->targets[i].changed)
			profile->order[profile->order_count++] = i;
	qsort_r(profile->order, profile->order_count, sizeof(*profile->order), by_uses, profile);
	profile->private = alloc_check(reallocarray(profile->private, profile->sites.count + 1,
						    sizeof(*profile->private)));
	profile->private_count = 0;
	for (i = 0; i < profile->sites.size; i++)
		if (profile->sites.entries[i].key && profile->sites.entries[i].value == 1)
			profile->private[profile->private_count++] = profile->sites.entries[i].key;
	if (profile->private_count)
		qsort(profile->private, profile->private_count, sizeof(*profile->private),
		      by_value);
}

/* The counts of one run, as a maximum over all runs. */
static void count_uses(struct profile *profile, const struct run_log *log,
		       const struct tally *tallies)
{
	struct set64 counted = { 0 }; /* by object and lane */
	size_t i, object;

	for (i = 0; i < log->step_count; i++)
		if (counts(&log->steps[i]) && log->steps[i].object < log->object_count &&
		    tallies[log->steps[i].object].shared)
			++*set64_at(&counted, use_key(log->steps[i].object, log->steps[i].lane));
	for (object = 1; object < log->object_count; object++) {
		struct target *target;

		if (!tallies[object].shared || !log->objects[object].id)
			continue;
		target = target_of(profile, log->objects[object].id);
		if (!target)
			continue;
		for (i = 1; i < log->lane_count; i++) {
			uint64_t n = set64_get(&counted, use_key(object, i));
			struct use *use;

			if (!n)
				continue;
			ensure(target, log, (uint32_t)i);
			use = use_of(target, run_log_lane_id(log, (uint32_t)i));
			if (use && use->events < n)
				use->events = n;
		}
		target->total = target->lanes = 0;
		for (i = 0; i < target->count; i++) {
			target->total += target->uses[i].events;
			target->lanes += target->uses[i].events != 0;
		}
		target->changed = target->changed || tallies[object].changed;
		target->users = target->users || tallies[object].users;
	}
	set64_fini(&counted);
}

void profile_feed(struct profile *profile, const struct run_log *log)
{
	struct tally *tallies = alloc_check(calloc(log->object_count + 1, sizeof(*tallies)));
	size_t i;

	for (i = 0; i < log->step_count; i++) {
		const struct run_step *step = &log->steps[i];
		struct tally *tally;

		if (!counts(step) || step->object >= log->object_count)
			continue;
		tally = &tallies[step->object];
		if (!tally->first_lane)
			tally->first_lane = step->lane;
		else if (tally->first_lane != step->lane)
			tally->shared = true;
		if (event_table[step->kind].access != ACCESS_READ)
			tally->changed = true;
		if (step->context >= log->context_count || !log->contexts[step->context].library)
			tally->users = true;
		if (step->object2 && step->object2 < log->object_count) {
			tally = &tallies[step->object2];
			if (!tally->first_lane)
				tally->first_lane = step->lane;
			else if (tally->first_lane != step->lane)
				tally->shared = true;
			tally->changed = true;
		}
	}
	count_uses(profile, log, tallies);
	mark_sites(profile, log, tallies);
	sort(profile);
	free(tallies);
}

size_t profile_objects(const struct profile *profile)
{
	return profile->order_count;
}

static uint32_t section_of(const struct target *target, struct plan_profile **section, size_t *room)
{
	size_t bytes = sizeof(**section) + target->count * sizeof((*section)->rows[0]), i;

	if (bytes > *room) {
		*room = 2 * bytes;
		free(*section);
		*section = alloc_check(malloc(*room));
	}
	(*section)->object = target->object;
	(*section)->count = (uint32_t)target->count;
	(*section)->reserved = 0;
	for (i = 0; i < target->count; i++) {
		(*section)->rows[i].lane = target->uses[i].lane;
		(*section)->rows[i].parent = target->uses[i].parent;
		(*section)->rows[i].events = target->uses[i].events;
	}
	return (uint32_t)bytes;
}

static const struct target *nth(const struct profile *profile, size_t n)
{
	return &profile->targets[profile->order[n]];
}

static double weight(const struct target *target)
{
	return sqrt((double)target->total) * (target->users ? 1 : LIBRARY_WEIGHT);
}

static size_t drawn(const struct profile *profile, uint64_t draw)
{
	double sum = 0, at;
	size_t i;

	for (i = 0; i < profile->order_count; i++)
		sum += weight(nth(profile, i));
	at = sum * ((double)(draw >> 11) / 9007199254740992.0);
	for (i = 0; i + 1 < profile->order_count; i++) {
		at -= weight(nth(profile, i));
		if (at < 0)
			break;
	}
	return i;
}

uint32_t profile_take(const struct profile *profile, size_t n, uint64_t draw,
		      struct plan_profile **section, size_t *room, bool *library)
{
	const struct target *target;

	if (!profile->order_count)
		return 0;
	target = nth(profile, n < profile->order_count ? n : drawn(profile, draw));
	*library = !target->users;
	return section_of(target, section, room);
}

uint32_t profile_private_sites(const struct profile *profile, uint64_t **sites, size_t *room)
{
	size_t n = profile->private_count;

	if (n > *room) {
		*room = 2 * n;
		free(*sites);
		*sites = alloc_check(calloc(*room, sizeof(**sites)));
	}
	if (n)
		memcpy(*sites, profile->private, n * sizeof(**sites));
	return (uint32_t)n;
}
