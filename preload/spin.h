/*
 * Loops that wait for what another lane does: a lane that goes round and finds the same asks others
 * to go first. A look is a read of a variable, a comparison that fails, an exchange that changes
 * nothing, or an attempt to get a lock that somebody has. A round is over when the lane comes to
 * the same look again, the anchor; it was in vain when all looks since the last time have found the
 * same as in the round before. Which look is the anchor is found as in Brent, "An improved Monte
 * Carlo factorization algorithm", BIT 20 (1980): another one each time that a while, which grows,
 * is over without it.
 *
 *	if (spin_again(me, object, context))
 *		sched_spin_point(...);
 *	else
 *		sched_point(...);
 *	...
 *	spin_found...(me, ...) or spin_changed(me);
 *	sched_done(...);
 *
 * After more rounds the lane is not even asked for a while, unless what it waits for is different:
 * a look may be dear, as in a loop with a back-off. The while grows up to a limit, as what the lane
 * does after so many looks in vain has to happen, too.
 *
 * Requires the turn.
 */
#ifndef PRELOAD_SPIN_H
#define PRELOAD_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/lane.h"
#include "preload/memory/value.h"
#include "preload/object.h"

#define SPIN_AFTER 2u   /* looks that found the same: others are asked to go first */
#define SPIN_IDLE 6u    /* ... more than that: it is not asked for 2, 4, 8, ... steps, */
#define SPIN_LONGEST 8u /* ... 2^8 at most */
#define SPIN_LOST 64u   /* ... a plan that lets it go on is none */
#define SPIN_ROUND 15u  /* looks of the longest round */
#define SPIN_TAKES 16u  /* rounds of taking the same locks, and nothing else */
#define SPIN_READS 1000 /* of anything, with nothing changed in between: it may wait, too */

/* Is the lane, which is about to look at `object` or change it, likely to be waiting? */
static inline bool spin_again(const struct lane *me, const struct object *object, uint32_t context)
{
	return (me->spin.count >= SPIN_AFTER && me->spin.object == object &&
		me->spin.context == context) ||
	       (me->spin.reads && me->spin.reads % SPIN_READS == 0);
}

/* The round was in vain once more: for how long is another not worth it? */
static inline void spin_rest(struct lane *me)
{
	uint32_t more = me->spin.count - SPIN_IDLE;

	me->spin.until = schedule.steps + (1ull << (more < SPIN_LONGEST ? more : SPIN_LONGEST));
	if (me->spin.until > schedule.spin_until)
		schedule.spin_until = me->spin.until;
}

/* A look at `object` in `context`, which has found this. */
static inline void spin_look(struct lane_spin *spin, const struct object *object, uint32_t context,
			     uint64_t value)
{
	uint64_t hash = hash_mix(spin->hash, value);

	if (spin->count && spin->object == object && spin->context == context) {
		spin->count = hash == spin->last ? spin->count + 1 : 1;
		spin->last = hash;
		spin->alone = spin->looks == 0;
		spin->value = value;
	} else if (!spin->count || ++spin->looks > spin->window) {
		if (spin->count && spin->window < SPIN_ROUND)
			spin->window = (uint8_t)(2 * spin->window + 1);
		spin->object = object;
		spin->context = context;
		spin->count = 1;
		spin->alone = false;
		spin->last = hash_mix(0, value);
	} else {
		spin->hash = hash_mix(hash_mix(hash, object ? object->id_hash : 0), context);
		return;
	}
	spin->hash = 0;
	spin->looks = 0;
}

static inline void spin_forget(struct lane_spin *spin)
{
	spin->count = spin->reads = 0;
	spin->window = spin->looks = 0;
	spin->hash = 0;
}

/* The pending operation has found this, and changed nothing. */
static inline void spin_found(struct lane *me, uint64_t value)
{
	me->spin.reads++;
	spin_look(&me->spin, me->object, me->context, value);
	if (__builtin_expect(me->spin.count > SPIN_IDLE && me->spin.alone, 0))
		spin_rest(me);
}

/*
 * A lane takes this lock. If it takes the same ones at the same places again and again, and does
 * nothing else that is known of, it may look each time for what another lane does, which has to get
 * the lock for that: it owes the others a turn, where it has as few locks as it ever has then.
 */
static inline void spin_takes(struct lane *me, const struct object *object, uint32_t context)
{
	if (me->held_count < me->round.least)
		me->round.least = me->held_count;
	spin_look(&me->round, object, context, 0);
	if (me->round.looks == 0) {
		me->owes = me->round.count >= SPIN_TAKES;
		me->owes_with = me->round.least;
		me->round.least = UINT32_MAX;
	}
}

/* Is that here? */
static inline bool spin_pays(struct lane *me)
{
	bool pays = me->owes && me->held_count <= me->owes_with;

	me->owes &= !pays;
	return pays;
}

/* ... found this in `size` bytes of memory, 0: it is not known what. */
static inline void spin_found_there(struct lane *me, uint64_t address, uint32_t size,
				    uint64_t value)
{
	me->spin.address = address;
	me->spin.bytes = size;
	me->spin.counted = false;
	spin_found(me, value);
}

/* ... a variable whose changes are counted: unchanged, if they are as many as before. */
static inline void spin_found_variable(struct lane *me)
{
	me->spin.bytes = 0;
	me->spin.counted = true;
	spin_found(me, me->object->changes);
}

/* ... something that is never found twice. */
static inline void spin_found_new(struct lane *me)
{
	me->spin.bytes = 0;
	me->spin.counted = false;
	spin_found(me, ~me->k);
}

/* ... has not got the lock. All of them begin with a word that says whether they are free. */
static inline void spin_failed(struct lane *me)
{
	uint64_t value = 0;
	uint32_t size = value_peek(me->object->address, 4, &value) ? 4 : 0;

	spin_found_there(me, me->object->address, size, value);
}

/* ... has changed something: it gets on. */
static inline void spin_changed(struct lane *me)
{
	spin_forget(&me->spin);
	spin_forget(&me->round);
	me->owes = false;
	me->idle_slices = 0;
}

/* Would a look of this lane, which can run, find what it found before? */
static inline bool spin_is_idle(const struct lane *lane)
{
	const struct lane_spin *spin = &lane->spin;
	uint64_t value;

	if (!lane->yielding || spin->count <= SPIN_IDLE || !spin->alone ||
	    schedule.steps >= spin->until || !lane->object || lane->object != spin->object)
		return false;
	if (spin->counted)
		return lane->object->changes == spin->value;
	return spin->bytes && value_peek(spin->address, spin->bytes, &value) &&
	       value == spin->value;
}

/* Has it looked in vain for so long that a plan that lets it go on is none? Others can run. */
static inline bool spin_is_lost(const struct lane *me)
{
	return me->yielding && (me->spin.count > SPIN_LOST || me->round.count > SPIN_LOST);
}

#endif
