/*
 * Hand-off back end: one baton (a futex) for each lane, all kernel threads pinned to one CPU. futex(2).
 */
#include <errno.h>
#include <linux/futex.h>

#include "preload/handoff.h"
#include "preload/raw.h"
#include "preload/thread_state.h"

__thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));

struct lane *lane_current(void)
{
	return thread_state.lane;
}

/*
 * The end of a thread runs on after its last destructor (arena, stack cache) and would do so in parallel
 * with the next lane: that one waits until the kernel no longer knows it (tgkill answers ESRCH).
 */
static void wait_for_the_dead(void)
{
	long pid = raw(SYS_getpid);

	while (raw(SYS_tgkill, pid, schedule.ending_tid, 0) != -ESRCH)
		raw(SYS_sched_yield);
	schedule.ending_tid = 0;
}

void handoff_wait(struct lane *me)
{
	while (__atomic_load_n(&me->baton, __ATOMIC_ACQUIRE) == 0)
		raw(SYS_futex, &me->baton, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
	me->baton = 0;
	if (__builtin_expect(schedule.ending_tid != 0, 0))
		wait_for_the_dead();
}

void handoff_give(struct lane *to)
{
	__atomic_store_n(&to->baton, 1, __ATOMIC_RELEASE);
	raw(SYS_futex, &to->baton, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

void handoff_switch(struct lane *from, struct lane *to)
{
	handoff_give(to);
	handoff_wait(from);
}
