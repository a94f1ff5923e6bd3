/*
 * Hand-off back end: one baton (a futex) for each lane, all kernel threads pinned to one CPU.
 * futex(2).
 */
#include <errno.h>
#include <fcntl.h>
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
 * The first thread of a process stays as a zombie until the last one ends; tgkill does not tell it
 * from a live one.
 */
static bool leader_is_zombie(void)
{
	char text[256];
	long fd, length, i;

	fd = raw(SYS_open, "/proc/self/stat", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return true; /* no way to know: do not wait for ever */
	length = raw(SYS_read, fd, text, sizeof text - 1);
	raw(SYS_close, fd);
	for (i = length - 1; i > 0 && text[i] != ')'; i--)
		;
	return i > 0 && i + 2 < length && (text[i + 2] == 'Z' || text[i + 2] == 'X');
}

void handoff_wait_gone(uint32_t tid)
{
	long pid = raw(SYS_getpid);

	while (raw(SYS_tgkill, pid, tid, 0) != -ESRCH) {
		if (tid == (uint32_t)pid && leader_is_zombie())
			return;
		raw(SYS_sched_yield);
	}
}

void handoff_wait(struct lane *me)
{
	while (__atomic_load_n(&me->baton, __ATOMIC_ACQUIRE) == 0)
		raw(SYS_futex, &me->baton, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
	me->baton = 0;
	if (__builtin_expect(schedule.ending_tid != 0, 0)) {
		handoff_wait_gone(schedule.ending_tid);
		schedule.ending_tid = 0;
	}
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
