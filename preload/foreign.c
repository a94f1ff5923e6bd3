/*
 * Foreign threads, see foreign.h. They reach the scheduler through atomics only.
 */
#include "preload/foreign.h"

#include <stddef.h>
#include <sys/stat.h>

#include "preload/log.h"
#include "preload/object.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/sched_core.h"
#include "preload/thread_state.h"

#define WAKES 256

/* Requests of foreign threads; a slot is taken by an atomic step. */
static struct {
	uint32_t state; /* 0 free, 1 being written, 2 full; atomic */
	uint32_t count;
	uint64_t address;
	enum object_kind kind;
} wakes[WAKES];

static bool in_child;
static uint32_t activity; /* atomic: something was done since the last look */

void foreign_child(void)
{
	in_child = true;
}

void foreign_thread(void)
{
	if (in_child || !region || thread_state.ended)
		return;
	if (!thread_state.foreign) {
		thread_state.foreign = true;
		__atomic_add_fetch(&region->process[process_index].uncontrolled, 1,
				   __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&activity, 1, __ATOMIC_RELEASE);
	sched_attention = 1;
}

void foreign_wake(const volatile void *address, enum object_kind kind, uint32_t count)
{
	uint32_t i, free;

	if (in_child || !region || thread_state.ended)
		return;
	for (i = 0; i < WAKES; i++) {
		free = 0;
		if (!__atomic_compare_exchange_n(&wakes[i].state, &free, 1, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		wakes[i].address = (uint64_t)address;
		wakes[i].kind = kind;
		wakes[i].count = count;
		__atomic_store_n(&wakes[i].state, 2, __ATOMIC_RELEASE);
		break;
	}
	sched_attention = 1;
}

bool foreign_seen(void)
{
	return region->process[process_index].uncontrolled != 0;
}

bool foreign_exist(const struct lane *me)
{
	struct stat status;
	uint32_t i, known = 0, leaving = 0, threads;

	if (foreign_seen())
		return true;
	/* The link count of the task directory is the number of threads and 2 (fs/proc/base.c). */
	if (raw(SYS_stat, "/proc/self/task", &status) < 0 || status.st_nlink < 2)
		return false;
	threads = (uint32_t)status.st_nlink - 2;
	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].state != LANE_DONE)
			known++;
	/* A first thread that has ended stays as a zombie, and one may be on its way out. */
	leaving += schedule.first_ended;
	leaving += schedule.ending_tid != 0;
	leaving += me->state == LANE_DONE && me->origin != LANE_MAIN;
	if (threads <= known + leaving)
		return false;
	__atomic_store_n(&region->process[process_index].uncontrolled, threads - known,
			 __ATOMIC_SEQ_CST);
	return true;
}

static void write_note(struct lane *me)
{
	static bool noted;

	if (noted)
		return;
	noted = true;
	log_note(NOTE_UNCONTROLLED, me->number,
		 "threads that the program did not create itself (timers, asynchronous I/O) run "
		 "uncontrolled; replay may differ from here");
}

static bool waits_for_lock(const struct lane *lane)
{
	if (!lane->number || lane->state != LANE_BLOCKED || !lane->wait_object)
		return false;
	switch ((enum object_kind)lane->wait_object->kind) {
	case OBJECT_MUTEX:
	case OBJECT_RWLOCK:
	case OBJECT_SPIN:
	case OBJECT_SEM:
		return true;
	default:
		return false;
	}
}

void foreign_apply(struct lane *me, bool idling)
{
	struct object *object;
	uint32_t i;

	if (!foreign_seen())
		return;
	write_note(me);
	for (i = 0; i < WAKES; i++) {
		if (__atomic_load_n(&wakes[i].state, __ATOMIC_ACQUIRE) != 2)
			continue;
		object = object_peek((void *)wakes[i].address, wakes[i].kind);
		if (object)
			sched_wake(me, object, SCHED_ANY, wakes[i].count);
		__atomic_store_n(&wakes[i].state, 0, __ATOMIC_RELEASE);
	}
	if (!idling || !__atomic_exchange_n(&activity, 0, __ATOMIC_ACQ_REL))
		return;
	for (i = 0; i < schedule.lane_slots; i++)
		if (waits_for_lock(&lanes[i]))
			sched_wake_lane(&lanes[i], WAKE_NORMAL);
}
