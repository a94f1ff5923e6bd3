/*
 * Private sites: a byte for each context says whether it is at one, found out once.
 */
#include "preload/sites.h"

#include "formats/hash.h"

bool sites_any;
uint8_t sites_table[SITES_CONTEXTS];

static uint64_t hashes[SITES_CONTEXTS]; /* of each announced context, for a new list of sites */
static uint32_t end;                    /* one more than the highest context */
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
		sites_table[i] = hashes[i] && sites_has(hashes[i]);
}

void sites_announce(uint32_t context, const struct record_frame *frames, uint32_t count)
{
	if (context >= SITES_CONTEXTS)
		return;
	hashes[context] = hash_site(frames, count);
	if (sites_any)
		sites_table[context] = sites_has(hashes[context]);
	if (context >= end)
		end = context + 1;
}
