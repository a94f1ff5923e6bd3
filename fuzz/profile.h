/*
 * What earlier runs have shown of objects and places: how often each lane uses an object, for SURW,
 * and which places touch nothing that is shared, where no switch is worth trying.
 */
#ifndef FUZZ_PROFILE_H
#define FUZZ_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "formats/plan.h"
#include "fuzz/run_log.h"

struct profile;

struct profile *profile_new(void);
void profile_free(struct profile *profile);

void profile_feed(struct profile *profile, const struct run_log *log);

/* Objects that several lanes use, and some lane changes or takes. */
size_t profile_objects(const struct profile *profile);

/*
 * The section for one of them: the n-th, those that the user's code touches first, by number of
 * uses; behind the last one that `draw` chooses, in proportion to the square root of its uses, and
 * seldom one that only the library of an interpreter uses, which `*library` says. `*section` is
 * grown as needed (malloc). Returns its bytes, 0 when there is none.
 */
uint32_t profile_take(const struct profile *profile, size_t n, uint64_t draw,
		      struct plan_profile **section, size_t *room, bool *library);

/* The places where nothing shared was ever touched, ascending: as above; returns how many. */
uint32_t profile_private_sites(const struct profile *profile, uint64_t **sites, size_t *room);

#endif
