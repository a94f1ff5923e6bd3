/*
 * Private sites: places in the program of which the plan says that operations there share nothing,
 * so that it is not worth asking who goes on. Requires the turn.
 */
#ifndef PRELOAD_SITES_H
#define PRELOAD_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/record.h"

/*
 * The private sites, as PLAN_PRIVATE_SITES has them: hash_site() of each, ascending. NULL, 0: none.
 * Stays the caller's; called again when it has moved.
 */
void sites_init(const uint64_t *sites, uint32_t count);

/* A context is announced under this number in the trace. */
void sites_announce(uint32_t context, const struct record_frame *frames, uint32_t count);

/* Is this one private? */
bool sites_has(uint64_t hash);

/* Any private sites? */
extern bool sites_any;

/* Is that context at a private site? No for one beyond SITES_CONTEXTS. */
#define SITES_CONTEXTS 32768u
struct sites_context {
	uint64_t hash; /* of its site, to be looked for in a new list */
	bool private;
};
extern struct sites_context sites_contexts[SITES_CONTEXTS];
static inline bool sites_private(uint32_t context)
{
	return sites_any && context < SITES_CONTEXTS && sites_contexts[context].private;
}

#endif
