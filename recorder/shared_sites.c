/*
 * See shared_sites.h.
 */
#include "recorder/shared_sites.h"

#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"

static int by_value(const void *a_, const void *b_)
{
	uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;

	return a < b ? -1 : a > b;
}

bool shared_sites_add(struct shared_sites *sites, const uint64_t *more, uint32_t count)
{
	size_t all = (size_t)sites->count + count, i;
	uint32_t before = sites->count;

	if (!count)
		return false;
	sites->hashes = alloc_check(reallocarray(sites->hashes, all, sizeof(*sites->hashes)));
	memcpy(sites->hashes + before, more, count * sizeof(*more));
	qsort(sites->hashes, all, sizeof(*sites->hashes), by_value);
	sites->count = 0;
	for (i = 0; i < all && sites->count < REGION_SITES; i++)
		if (!sites->count || sites->hashes[i] != sites->hashes[sites->count - 1])
			sites->hashes[sites->count++] = sites->hashes[i];
	return sites->count != before;
}

bool shared_sites_learn(struct shared_sites *sites, const struct region *region)
{
	uint64_t *found;
	uint32_t count = 0, i;
	bool news;

	if (!region->sites.shared)
		return false;
	found = alloc_check(calloc(REGION_SITES, sizeof(*found)));
	for (i = 0; i < REGION_SITES; i++)
		if (region->sites.site[i].pc && region->sites.site[i].shared)
			found[count++] = region->sites.site[i].hash;
	news = shared_sites_add(sites, found, count);
	free(found);
	return news;
}

void shared_sites_fini(struct shared_sites *sites)
{
	free(sites->hashes);
	*sites = (struct shared_sites){ 0 };
}
