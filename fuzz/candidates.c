/*
 * The queue of reversals, see candidates.h. One list for each pair, in order of cost and age; the
 * cost of a pair grows each time one of its candidates is taken.
 */
#include "fuzz/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "formats/hash.h"
#include "fuzz/set64.h"
#include "recorder/alloc.h"

#define TRIED_COST 3
#define QUEUED_MAX 200000u /* beyond that a run adds nothing */

/* The decisions of a run, shared by the candidates that come from it. */
struct origin {
	uint32_t references;
	uint32_t count;
	struct plan_decision decisions[];
};

struct entry {
	struct origin *origin;
	struct reversal reversal;
	uint64_t run, age;
	uint32_t depth, cost;
	bool library;
	uint32_t first_lane, second_lane, next_slot;
	uint64_t first_k, second_k;
};

/* A binary heap of entries, by cost and age. */
struct bucket {
	uint64_t pair, tried;
	struct entry **heap;
	size_t count, room;
};

struct candidates {
	struct bucket *buckets;
	size_t bucket_count, bucket_room;
	struct set64 by_pair; /* index + 1 */
	struct set64 known;   /* hashes of forced decisions */
	size_t count;
	uint64_t age;
	struct plan_decision *taken;
	size_t taken_room;
};

struct candidates *candidates_new(void)
{
	return alloc_check(calloc(1, sizeof(struct candidates)));
}

static void origin_drop(struct origin *origin)
{
	if (--origin->references == 0)
		free(origin);
}

void candidates_free(struct candidates *candidates)
{
	size_t i, j;

	if (!candidates)
		return;
	for (i = 0; i < candidates->bucket_count; i++) {
		for (j = 0; j < candidates->buckets[i].count; j++) {
			origin_drop(candidates->buckets[i].heap[j]->origin);
			free(candidates->buckets[i].heap[j]);
		}
		free(candidates->buckets[i].heap);
	}
	free(candidates->buckets);
	set64_fini(&candidates->by_pair);
	set64_fini(&candidates->known);
	free(candidates->taken);
	free(candidates);
}

size_t candidates_count(const struct candidates *candidates)
{
	return candidates->count;
}

static bool before(const struct entry *a, const struct entry *b)
{
	return a->cost != b->cost ? a->cost < b->cost : a->age < b->age;
}

static void push(struct bucket *bucket, struct entry *entry)
{
	size_t i = bucket->count++;

	if (bucket->count > bucket->room) {
		bucket->room = bucket->room ? 2 * bucket->room : 8;
		bucket->heap = alloc_check(
			reallocarray(bucket->heap, bucket->room, sizeof(*bucket->heap)));
	}
	for (; i > 0 && before(entry, bucket->heap[(i - 1) / 2]); i = (i - 1) / 2)
		bucket->heap[i] = bucket->heap[(i - 1) / 2];
	bucket->heap[i] = entry;
}

static struct entry *pop(struct bucket *bucket)
{
	struct entry *top = bucket->heap[0], *last = bucket->heap[--bucket->count];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < bucket->count; i = child) {
		if (child + 1 < bucket->count &&
		    before(bucket->heap[child + 1], bucket->heap[child]))
			child++;
		if (!before(bucket->heap[child], last))
			break;
		bucket->heap[i] = bucket->heap[child];
	}
	if (bucket->count)
		bucket->heap[i] = last;
	return top;
}

static struct bucket *bucket_of(struct candidates *candidates, uint64_t pair)
{
	uint64_t *index = set64_at(&candidates->by_pair, pair);

	if (!*index) {
		if (candidates->bucket_count == candidates->bucket_room) {
			candidates->bucket_room =
				candidates->bucket_room ? 2 * candidates->bucket_room : 32;
			candidates->buckets = alloc_check(
				reallocarray(candidates->buckets, candidates->bucket_room,
					     sizeof(*candidates->buckets)));
		}
		candidates->buckets[candidates->bucket_count] = (struct bucket){ .pair = pair };
		*index = ++candidates->bucket_count;
	}
	return &candidates->buckets[*index - 1];
}

static uint64_t hash_decision(uint64_t hash, const struct plan_decision *decision)
{
	hash = hash_mix(hash_mix(hash, decision->kind), decision->lane);
	return hash_mix(hash_mix(hash, decision->k), (uint64_t)decision->choice);
}

size_t candidates_add(struct candidates *candidates, const struct run_log *log,
		      const struct reversals *reversals, uint64_t run, uint32_t depth,
		      uint32_t penalty)
{
	size_t n = log->decision_count, i, added = 0;
	uint64_t *prefix = alloc_check(malloc((n + 1) * sizeof(*prefix)));
	struct origin *origin =
		alloc_check(malloc(sizeof(*origin) + n * sizeof(*origin->decisions)));

	origin->references = 1;
	origin->count = (uint32_t)n;
	if (n)
		memcpy(origin->decisions, log->decisions, n * sizeof(*origin->decisions));
	prefix[0] = HASH_START;
	for (i = 0; i < n; i++)
		prefix[i + 1] = hash_decision(prefix[i], &log->decisions[i]);
	for (i = 0; i < reversals->count && candidates->count < QUEUED_MAX; i++) {
		const struct reversal *reversal = &reversals->all[i];
		uint64_t hash = prefix[reversal->cut];
		struct entry *entry;
		uint32_t j;

		for (j = 0; j < reversal->forced; j++)
			hash = hash_decision(hash, &reversal->force[j]);
		if (!set64_add(&candidates->known, hash_finish(hash)))
			continue;
		entry = alloc_check(calloc(1, sizeof(*entry)));
		entry->origin = origin;
		origin->references++;
		entry->reversal = *reversal;
		entry->run = run;
		entry->age = ++candidates->age;
		entry->depth = depth + 1;
		entry->library = log->library;
		entry->cost = depth + 1 + reversal->both_write + reversal->penalty + penalty;
		entry->first_lane = log->steps[reversal->first].lane;
		entry->next_slot = reversal->next && reversal->next < log->lane_count
					   ? log->lanes[reversal->next].slot + 1
					   : 0;
		entry->first_k = log->steps[reversal->first].k;
		entry->second_lane = log->steps[reversal->second].lane;
		entry->second_k = log->steps[reversal->second].k;
		push(bucket_of(candidates, reversal->pair), entry);
		candidates->count++;
		added++;
	}
	free(prefix);
	origin_drop(origin);
	return added;
}

bool candidates_take(struct candidates *candidates, struct candidate *candidate)
{
	struct bucket *best = NULL;
	uint64_t best_cost = 0;
	struct entry *entry;
	uint32_t count;
	size_t i;

	for (i = 0; i < candidates->bucket_count; i++) {
		struct bucket *bucket = &candidates->buckets[i];
		uint64_t cost;

		if (!bucket->count)
			continue;
		cost = TRIED_COST * bucket->tried + bucket->heap[0]->cost;
		if (!best || cost < best_cost ||
		    (cost == best_cost && bucket->heap[0]->age < best->heap[0]->age)) {
			best = bucket;
			best_cost = cost;
		}
	}
	if (!best)
		return false;
	entry = pop(best);
	best->tried++;
	candidates->count--;
	count = entry->reversal.cut + entry->reversal.forced;
	if (count > candidates->taken_room) {
		candidates->taken_room = 2 * (size_t)count;
		candidates->taken = alloc_check(reallocarray(
			candidates->taken, candidates->taken_room, sizeof(*candidates->taken)));
	}
	if (entry->reversal.cut)
		memcpy(candidates->taken, entry->origin->decisions,
		       entry->reversal.cut * sizeof(*candidates->taken));
	if (entry->reversal.forced)
		memcpy(candidates->taken + entry->reversal.cut, entry->reversal.force,
		       entry->reversal.forced * sizeof(*candidates->taken));
	*candidate = (struct candidate){
		.forced = candidates->taken,
		.count = count,
		.library = entry->library,
		.depth = entry->depth,
		.parent = entry->run,
		.pair = entry->reversal.pair,
		.first_lane = entry->first_lane,
		.next_slot = entry->next_slot,
		.first_k = entry->first_k,
		.second_lane = entry->second_lane,
		.second_k = entry->second_k,
	};
	origin_drop(entry->origin);
	free(entry);
	return true;
}
