/*
 * pthread_once: modelled on the real word, so that libc's own code sees what was done. The
 * initialiser is the program's code; when it is left by a cancellation or an exception the next
 * one that comes runs it again (POSIX).
 */
#include "preload/once.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>

#include "preload/interpose.h"
#include "preload/raw.h"

/* glibc: two bits, above them the number of forks (nptl/pthread_once.c). */
#define IN_PROGRESS 1
#define DONE 2

/* A run of an initialiser, on the stack of its lane. */
struct once_run {
	struct once_run *outer;
	pthread_once_t *once;
	uint32_t context;
};

static int state_of(const pthread_once_t *once)
{
	return __atomic_load_n(once, __ATOMIC_ACQUIRE);
}

/* Somebody that is not a lane runs the initialiser. */
static bool not_in_progress(void *argument)
{
	return !(state_of(argument) & IN_PROGRESS);
}

/* Waits until the initialiser has run (false), or this lane has to run it. */
static bool must_run(struct lane *me, pthread_once_t *once, struct object *object)
{
	while (!(state_of(once) & DONE)) {
		if (!(state_of(once) & IN_PROGRESS)) {
			__atomic_store_n(once, IN_PROGRESS, __ATOMIC_RELEASE);
			return true;
		}
		if (object->owner)
			sched_block(me, object, SCHED_ANY, -1, 0);
		else
			sched_await(me, object, not_in_progress, once, -1, SCHED_NO_DEADLOCK);
	}
	return false;
}

/* The object is looked up again: the initialiser may have freed memory around it. */
static void end_run(struct lane *me, int state)
{
	struct once_run *run = me->once_runs;
	struct object *object = object_find(me, run->once, OBJECT_ONCE, run->context);

	me->once_runs = run->outer;
	__atomic_store_n(run->once, state, __ATOMIC_RELEASE);
	raw(SYS_futex, run->once, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0);
	lane_drop(me, object);
	object->owner = NULL;
	sched_release(object, SCHED_ANY);
	sched_event(me, EVENT_ONCE_DONE, object, run->context, state == DONE ? 0 : -1);
}

/*
 * Personality of the frame that calls the initialiser (Itanium C++ ABI: Exception Handling, 1.6).
 * It does the cleaning up itself when the stack is unwound through that frame: a landing pad would
 * have to end in _Unwind_Resume(), and so would tie us to one copy of libgcc.
 */
int once_personality(int version, int actions, uint64_t class, void *exception, void *frame);

#define CLEANUP_PHASE 2
#define CONTINUE_UNWIND 8

int once_personality(int version, int actions, uint64_t class, void *exception, void *frame)
{
	struct lane *me = thread_state.lane;

	(void)version;
	(void)class;
	(void)exception;
	(void)frame;
	if ((actions & CLEANUP_PHASE) && me && me->once_runs) {
		thread_state.inside = 1;
		end_run(me, 0);
		thread_state.inside = 0;
	}
	return CONTINUE_UNWIND;
}

/* Calls it in a frame of that personality (0x1b: relative to the pc, 32 bits). */
void once_call(void (*init)(void));

__asm__(".text\n"
	".type once_call, @function\n"
	"once_call:\n"
	"	.cfi_startproc\n"
	"	.cfi_personality 0x1b, once_personality\n"
	"	pushq %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset %rbp, -16\n"
	"	movq %rsp, %rbp\n"
	"	.cfi_def_cfa_register %rbp\n"
	"	call *%rdi\n"
	"	popq %rbp\n"
	"	.cfi_def_cfa %rsp, 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size once_call, . - once_call\n");

static void run(struct lane *me, pthread_once_t *once, void (*init)(void), uint32_t context)
{
	struct once_run this = { .outer = me->once_runs, .once = once, .context = context };
	uint32_t inside;

	me->once_runs = &this;
	inside = thread_outside_begin();
	once_call(init);
	thread_outside_end(inside);
	end_run(me, DONE);
}

void once_operation(struct lane *me, pthread_once_t *once, void (*init)(void), uint32_t context)
{
	struct object *object = object_find(me, once, OBJECT_ONCE, context);

	if (state_of(once) & DONE) { /* for ever: who goes first makes no difference */
		sched_event(me, EVENT_ONCE, object, context, 0);
		return;
	}
	sched_point(me, EVENT_ONCE, object, context, object->owner == me ? 0 : SCHED_ANY);
	if (!must_run(me, once, object)) {
		sched_done(me, 0);
		return;
	}
	sched_taken(object, SCHED_ANY);
	object->owner = me;
	lane_hold(me, object, context);
	sched_done(me, 0);
	run(me, once, init, context);
}

EXPORT int pthread_once(pthread_once_t *once, void (*init)(void))
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(pthread_once)(once, init));
	once_operation(me, once, init, context);
	INTERPOSE_LEAVE(me, 0);
}
