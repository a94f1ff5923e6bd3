/*
 * Places of native code that are known to touch memory which threads share, learned from the runs
 * of a search and given to the next ones (PLAN_SHARED_SITES): hashes, ascending.
 *
 *	shared_sites_learn(&sites, region);		after a run
 *	config.shared_sites = sites.hashes;
 *	config.shared_sites_count = sites.count;	before the next one
 */
#ifndef RECORDER_SHARED_SITES_H
#define RECORDER_SHARED_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/region.h"

struct shared_sites {
	uint64_t *hashes;
	uint32_t count;
};

/* Adds what the target's table says: hostile, as all of the region. True when there is news. */
bool shared_sites_learn(struct shared_sites *sites, const struct region *region);

/* The members of `more`, ascending or not; at most REGION_SITES are kept. */
bool shared_sites_add(struct shared_sites *sites, const uint64_t *more, uint32_t count);

void shared_sites_fini(struct shared_sites *sites);

#endif
