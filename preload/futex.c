/*
 * Futexes, modelled: the queues are ours, the words are the program's. Those that other processes
 * can wait on too are also looked at from time to time. Operations on priority inheritance pass.
 * futex(2), linux/kernel/futex/.
 */
#include "preload/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>

#include "preload/clock.h"
#include "preload/log.h"
#include "preload/mapping.h"
#include "preload/raw.h"
#include "preload/sched.h"

enum { KNOWN = 1 }; /* object->flags: `shared` has been found out */

struct futex_wait {
	uint32_t *word, value;
};

/*
 * Private operations say so. The others are used in private memory as well, by programs that do
 * not care.
 */
static struct object *futex_object(struct lane *me, uint32_t *word, int operation, uint32_t context)
{
	struct object *object = object_find(me, word, OBJECT_FUTEX, context);

	if (object->kind == OBJECT_FUTEX && !(operation & FUTEX_PRIVATE_FLAG) &&
	    !(object->flags & KNOWN)) {
		object->flags |= KNOWN;
		object->shared = object->class != OBJECT_STATIC &&
				 mapping_is_shared((uint64_t)word);
	}
	return object;
}

static uint32_t load(uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static bool has_changed(void *argument)
{
	const struct futex_wait *wait = argument;

	return load(wait->word) != wait->value;
}

static bool misplaced(const uint32_t *word)
{
	return (uintptr_t)word % sizeof *word != 0;
}

static long block(struct lane *me, struct object *object, struct futex_wait *wait, uint32_t bits,
		  int64_t deadline)
{
	/* The kernel restarts only waits without a time-out. */
	unsigned flags = SCHED_INTERRUPTIBLE | (deadline < 0 ? SCHED_RESTARTABLE : 0);
	struct outside outside = { .attempt = has_changed, .argument = wait };
	enum lane_wake wake;

	if (!object->shared && has_changed(wait))
		return -EAGAIN;
	if (sched_expire(me, deadline))
		return -ETIMEDOUT;
	do {
		if (object->shared ? sched_outside_ready(me, &outside) : has_changed(wait))
			return -EAGAIN;
		if (object->shared)
			wake = sched_block_either(me, object, bits, &outside, deadline, flags);
		else
			wake = sched_block(me, object, bits, deadline, flags);
	} while (wake == WAKE_RESTART);
	return wake == WAKE_TIMEOUT ? -ETIMEDOUT : wake == WAKE_SIGNAL ? -EINTR : 0;
}

static long wait_on(struct lane *me, uint32_t *word, int operation, uint32_t value,
		    const struct timespec *timeout, uint32_t bits, uint32_t context)
{
	struct futex_wait wait = { .word = word, .value = value };
	struct object *object;
	int64_t deadline = -1;
	long result;

	if (timeout && (timeout->tv_sec < 0 || clock_check(timeout) != 0))
		return -EINVAL;
	if (bits == 0 || misplaced(word))
		return -EINVAL;
	if (!word)
		return -EFAULT;
	if (timeout && (operation & FUTEX_CMD_MASK) == FUTEX_WAIT)
		deadline = clock_after(timeout);
	else if (timeout)
		deadline = clock_deadline(operation & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME
									   : CLOCK_MONOTONIC,
					  timeout);
	object = futex_object(me, word, operation, context);
	sched_point(me, EVENT_FUTEX_WAIT, object, context, 0);
	result = block(me, object, &wait, bits, deadline);
	sched_done(me, result);
	return result;
}

/* As the kernel counts: at least one. */
static uint32_t at_least_one(uint32_t n)
{
	return (int)n < 1 ? 1 : n;
}

/* Threads that are not lanes, and other processes, wait in the kernel. */
static bool others_wait(const struct object *object)
{
	return object->shared || region->process[process_index].uncontrolled;
}

static uint32_t wake_some(struct lane *me, uint32_t *word, struct object *object, int operation,
			  uint32_t n, uint32_t bits)
{
	uint32_t woken = sched_wake(me, object, bits, n);
	long result;

	if (woken < n && others_wait(object)) {
		result = raw(SYS_futex, word, FUTEX_WAKE_BITSET | (operation & FUTEX_PRIVATE_FLAG),
			     n - woken, 0, 0, bits);
		woken += result > 0 ? (uint32_t)result : 0;
	}
	return woken;
}

static long wake(struct lane *me, uint32_t *word, int operation, uint32_t n, uint32_t bits,
		 uint32_t context)
{
	struct object *object;
	uint32_t woken;

	if (bits == 0 || misplaced(word))
		return -EINVAL;
	object = futex_object(me, word, operation, context);
	sched_point(me, EVENT_FUTEX_WAKE, object, context, 0);
	woken = wake_some(me, word, object, operation, at_least_one(n), bits);
	sched_done(me, woken);
	return woken;
}

static long requeue(struct lane *me, uint32_t *word, int operation, uint32_t n, uint32_t most,
		    uint32_t *word2, const uint32_t *expected, uint32_t context)
{
	struct object *object, *object2;
	uint32_t woken, moved;
	long result = 0;

	if ((int)n < 0 || (int)most < 0 || misplaced(word) || misplaced(word2))
		return -EINVAL;
	object = futex_object(me, word, operation, context);
	object2 = futex_object(me, word2, operation, context);
	sched_point(me, EVENT_FUTEX_REQUEUE, object, context, 0);
	sched_second(me, object2);
	if (expected && load(word) != *expected) {
		sched_done(me, -EAGAIN);
		return -EAGAIN;
	}
	woken = sched_wake(me, object, SCHED_ANY, n);
	moved = sched_requeue(object, object2, most);
	if (others_wait(object))
		result = raw(SYS_futex, word, FUTEX_REQUEUE | (operation & FUTEX_PRIVATE_FLAG),
			     n - woken, most - moved, word2, 0);
	result = (result > 0 ? result : 0) + woken + moved;
	sched_done(me, result);
	return result;
}

/*
 * The operation that is encoded in value3: false when it is unknown, else *old is what was there
 * before.
 */
static bool modify(uint32_t *word, uint32_t code, uint32_t *old)
{
	uint32_t argument = (uint32_t)((int32_t)(code << 8) >> 20), next;

	if (code & ((uint32_t)FUTEX_OP_OPARG_SHIFT << 28))
		argument = 1u << (argument & 31);
	*old = load(word);
	do {
		switch (code >> 28 & 7) {
		case FUTEX_OP_SET:
			next = argument;
			break;
		case FUTEX_OP_ADD:
			next = *old + argument;
			break;
		case FUTEX_OP_OR:
			next = *old | argument;
			break;
		case FUTEX_OP_ANDN:
			next = *old & ~argument;
			break;
		case FUTEX_OP_XOR:
			next = *old ^ argument;
			break;
		default:
			return false;
		}
	} while (!__atomic_compare_exchange_n(word, old, next, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return true;
}

/* 1, 0, or -1 for an unknown comparison. */
static int compare(uint32_t old_, uint32_t code)
{
	int32_t old = (int32_t)old_, argument = (int32_t)(code << 20) >> 20;

	switch (code >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return old == argument;
	case FUTEX_OP_CMP_NE:
		return old != argument;
	case FUTEX_OP_CMP_LT:
		return old < argument;
	case FUTEX_OP_CMP_LE:
		return old <= argument;
	case FUTEX_OP_CMP_GT:
		return old > argument;
	case FUTEX_OP_CMP_GE:
		return old >= argument;
	default:
		return -1;
	}
}

static long wake_op(struct lane *me, uint32_t *word, int operation, uint32_t n, uint32_t n2,
		    uint32_t *word2, uint32_t code, uint32_t context)
{
	struct object *object, *object2;
	uint32_t old;
	long result = -ENOSYS;
	int also = -1;

	if (misplaced(word) || misplaced(word2))
		return -EINVAL;
	object = futex_object(me, word, operation, context);
	object2 = futex_object(me, word2, operation, context);
	sched_point(me, EVENT_FUTEX_WAKE, object, context, 0);
	sched_second(me, object2);
	if (modify(word2, code, &old))
		also = compare(old, code);
	if (also >= 0)
		result = wake_some(me, word, object, operation, at_least_one(n), SCHED_ANY);
	if (also > 0)
		result += wake_some(me, word2, object2, operation, at_least_one(n2), SCHED_ANY);
	sched_done(me, result);
	return result;
}

long futex_operation(struct lane *me, uint32_t *word, int operation, uint32_t value,
		     const struct timespec *timeout, uint32_t *word2, uint32_t value3,
		     uint32_t context)
{
	int command = operation & FUTEX_CMD_MASK;
	uint32_t value2 = (uint32_t)(uintptr_t)timeout;

	if ((operation & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT_BITSET)
		command = -1; /* the kernel knows which others may have it */
	switch (command) {
	case FUTEX_WAIT:
		return wait_on(me, word, operation, value, timeout, FUTEX_BITSET_MATCH_ANY,
			       context);
	case FUTEX_WAIT_BITSET:
		return wait_on(me, word, operation, value, timeout, value3, context);
	case FUTEX_WAKE:
		return wake(me, word, operation, value, FUTEX_BITSET_MATCH_ANY, context);
	case FUTEX_WAKE_BITSET:
		return wake(me, word, operation, value, value3, context);
	case FUTEX_REQUEUE:
		return requeue(me, word, operation, value, value2, word2, NULL, context);
	case FUTEX_CMP_REQUEUE:
		return requeue(me, word, operation, value, value2, word2, &value3, context);
	case FUTEX_WAKE_OP:
		return wake_op(me, word, operation, value, value2, word2, value3, context);
	default:
		return raw(SYS_futex, word, operation, value, timeout, word2, value3);
	}
}
