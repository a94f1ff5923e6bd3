/*
 * Randomness of the program: a stream of its own for each lane, seeded by the plan, so that what
 * one thread draws does not depend on what others have drawn. Never the stream of the scheduler.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "preload/decide.h"
#include "preload/interpose.h"
#include "preload/random.h"

#define MOST 33554431 /* bytes of one call, random(4) */
#define MOST_ENTROPY 256

/* splitmix64: Steele, Lea and Flood, OOPSLA 2014. */
uint64_t random_draw(struct lane *me)
{
	if (!me->random_seeded) {
		me->random_seeded = true;
		me->random = hash_id(decide_run()->random_seed, me->id_hash, 0);
	}
	me->random += HASH_START;
	return hash_finish(me->random);
}

static void fill(struct lane *me, uint8_t *bytes, size_t size)
{
	for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), bytes += sizeof(uint64_t)) {
		uint64_t word = random_draw(me);

		memcpy(bytes, &word, sizeof word);
	}
	if (size) {
		uint64_t word = random_draw(me);

		memcpy(bytes, &word, size);
	}
}

EXPORT ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(getrandom)(bytes, size, flags));
	if ((flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE)) {
		thread_leave(me);
		errno = EINVAL;
		return -1;
	}
	size = size < MOST ? size : MOST;
	fill(me, bytes, size);
	sched_event(me, EVENT_RANDOM, NULL, context, (int64_t)size);
	INTERPOSE_LEAVE(me, (ssize_t)size);
}

EXPORT int getentropy(void *bytes, size_t size)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(getentropy)(bytes, size));
	if (size > MOST_ENTROPY) {
		thread_leave(me);
		errno = EIO;
		return -1;
	}
	fill(me, bytes, size);
	sched_event(me, EVENT_RANDOM, NULL, context, (int64_t)size);
	INTERPOSE_LEAVE(me, 0);
}

EXPORT void arc4random_buf(void *bytes, size_t size)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(arc4random_buf)(bytes, size));
	fill(me, bytes, size);
	sched_event(me, EVENT_RANDOM, NULL, context, (int64_t)size);
	thread_leave(me);
}

/* Called in loops: no event for each. */
EXPORT uint32_t arc4random(void)
{
	struct lane *me = thread_enter();
	uint32_t result;

	if (!me)
		return REAL(arc4random)();
	result = (uint32_t)(random_draw(me) >> 32);
	INTERPOSE_LEAVE(me, result);
}

/* Lemire, "Fast random integer generation in an interval", 2019. */
EXPORT uint32_t arc4random_uniform(uint32_t bound)
{
	struct lane *me = thread_enter();
	uint64_t product;

	if (!me)
		return REAL(arc4random_uniform)(bound);
	if (bound < 2)
		INTERPOSE_LEAVE(me, 0);
	do
		product = (random_draw(me) >> 32) * bound;
	while ((uint32_t)product < -bound % bound);
	INTERPOSE_LEAVE(me, (uint32_t)(product >> 32));
}
