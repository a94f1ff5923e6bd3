/*
 * Private sites: a byte for each context says whether it is at one, found out once.
 */
#include "preload/sites.h"

#include "formats/hash.h"

bool sites_any;
struct sites_context sites_contexts[SITES_CONTEXTS];

static uint32_t end; /* one more than the highest context */
static const uint64_t *private_sites;
static uint32_t private_count;

bool sites_has(uint64_t hash)
{
	uint32_t low = 0, high = private_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (private_sites[middle] < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low < private_count && private_sites[low] == hash;
}

void sites_init(const uint64_t *sites, uint32_t count)
{
	uint32_t i;

	private_sites = sites;
	private_count = count;
	sites_any = count > 0;
	for (i = 0; sites_any && i < end; i++)
		sites_contexts[i].private = sites_contexts[i].hash &&
					    sites_has(sites_contexts[i].hash);
}

void sites_announce(uint32_t context, const struct record_frame *frames, uint32_t count)
{
	if (context >= SITES_CONTEXTS)
		return;
	sites_contexts[context].hash = hash_site(frames, count);
	if (sites_any)
		sites_contexts[context].private = sites_has(sites_contexts[context].hash);
	if (context >= end)
		end = context + 1;
}
