/*
 * What programs call themselves when they are built with the thread sanitizer
 * (sanitizer/tsan_interface.h, and the older annotations): hints about their own synchronisation,
 * of which those count that order accesses. Absent, a program that has them would not start.
 */
#include <stddef.h>

#include "preload/interpose.h"
#include "preload/memory/access.h"

#define FUNCTION(result, name, parameters) \
	EXPORT result name parameters;     \
	EXPORT result name parameters

#define NOTHING(name, parameters)        \
	FUNCTION(void, name, parameters) \
	{                                \
	}

FUNCTION(void, __tsan_acquire, (void *address))
{
	memory_order((uint64_t)(uintptr_t)address, true, false, __ATOMIC_ACQUIRE);
}

FUNCTION(void, __tsan_release, (void *address))
{
	memory_order((uint64_t)(uintptr_t)address, false, true, __ATOMIC_RELEASE);
}

FUNCTION(void, AnnotateHappensAfter, (const char *file, int line, const volatile void *address))
{
	(void)file;
	(void)line;
	memory_order((uint64_t)(uintptr_t)address, true, false, __ATOMIC_ACQUIRE);
}

FUNCTION(void, AnnotateHappensBefore, (const char *file, int line, const volatile void *address))
{
	(void)file;
	(void)line;
	memory_order((uint64_t)(uintptr_t)address, false, true, __ATOMIC_RELEASE);
}

/* A lock of the program's own making: known when it has been taken, and before it is given back. */
FUNCTION(void, __tsan_mutex_post_lock, (void *address, unsigned flags, int depth))
{
	(void)flags;
	(void)depth;
	memory_order((uint64_t)(uintptr_t)address, true, false, __ATOMIC_ACQUIRE);
}

FUNCTION(int, __tsan_mutex_pre_unlock, (void *address, unsigned flags))
{
	(void)flags;
	memory_order((uint64_t)(uintptr_t)address, false, true, __ATOMIC_RELEASE);
	return 0;
}

#define UNUSED __attribute__((unused))

NOTHING(__tsan_mutex_create, (UNUSED void *address, UNUSED unsigned flags))
NOTHING(__tsan_mutex_destroy, (UNUSED void *address, UNUSED unsigned flags))
NOTHING(__tsan_mutex_pre_lock, (UNUSED void *address, UNUSED unsigned flags))
NOTHING(__tsan_mutex_post_unlock, (UNUSED void *address, UNUSED unsigned flags))
NOTHING(__tsan_mutex_pre_signal, (UNUSED void *address, UNUSED unsigned flags))
NOTHING(__tsan_mutex_post_signal, (UNUSED void *address, UNUSED unsigned flags))
NOTHING(__tsan_mutex_pre_divert, (UNUSED void *address, UNUSED unsigned flags))
NOTHING(__tsan_mutex_post_divert, (UNUSED void *address, UNUSED unsigned flags))
NOTHING(__tsan_ignore_thread_begin, (void))
NOTHING(__tsan_ignore_thread_end, (void))
NOTHING(AnnotateIgnoreReadsBegin, (UNUSED const char *file, UNUSED int line))
NOTHING(AnnotateIgnoreReadsEnd, (UNUSED const char *file, UNUSED int line))
NOTHING(AnnotateIgnoreWritesBegin, (UNUSED const char *file, UNUSED int line))
NOTHING(AnnotateIgnoreWritesEnd, (UNUSED const char *file, UNUSED int line))
NOTHING(AnnotateRWLockCreate,
	(UNUSED const char *file, UNUSED int line, UNUSED const volatile void *lock))
NOTHING(AnnotateRWLockDestroy,
	(UNUSED const char *file, UNUSED int line, UNUSED const volatile void *lock))
NOTHING(AnnotateBenignRaceSized,
	(UNUSED const char *file, UNUSED int line, UNUSED const volatile void *address,
	 UNUSED long size, UNUSED const char *text))
NOTHING(AnnotateNewMemory, (UNUSED const char *file, UNUSED int line,
			    UNUSED const volatile void *address, UNUSED long size))
NOTHING(AnnotateIgnoreSyncBegin, (UNUSED const char *file, UNUSED int line))
NOTHING(AnnotateIgnoreSyncEnd, (UNUSED const char *file, UNUSED int line))
NOTHING(AnnotateEnableRaceDetection, (UNUSED const char *file, UNUSED int line, UNUSED int on))
NOTHING(AnnotateBenignRace, (UNUSED const char *file, UNUSED int line,
			     UNUSED const volatile void *address, UNUSED const char *text))
NOTHING(AnnotatePublishMemoryRange, (UNUSED const char *file, UNUSED int line,
				     UNUSED const volatile void *address, UNUSED long size))
NOTHING(__tsan_destroy_fiber, (UNUSED void *fiber))
NOTHING(__tsan_switch_to_fiber, (UNUSED void *fiber, UNUSED unsigned flags))
NOTHING(__tsan_set_fiber_name, (UNUSED void *fiber, UNUSED const char *name))
NOTHING(__tsan_flush_memory, (void))
NOTHING(AnnotateThreadName, (UNUSED const char *file, UNUSED int line, UNUSED const char *name))

FUNCTION(void, AnnotateRWLockAcquired,
	 (const char *file, int line, const volatile void *lock, long writes))
{
	(void)file;
	(void)line;
	(void)writes;
	memory_order((uint64_t)(uintptr_t)lock, true, false, __ATOMIC_ACQUIRE);
}

FUNCTION(void, AnnotateRWLockReleased,
	 (const char *file, int line, const volatile void *lock, long writes))
{
	(void)file;
	(void)line;
	(void)writes;
	memory_order((uint64_t)(uintptr_t)lock, false, true, __ATOMIC_RELEASE);
}

/* Which stack a thread runs on is its own business: not NULL, which would be an error. */
FUNCTION(void *, __tsan_get_current_fiber, (void))
{
	return (void *)&thread_state;
}

FUNCTION(void *, __tsan_create_fiber, (unsigned flags))
{
	(void)flags;
	return (void *)&thread_state;
}
