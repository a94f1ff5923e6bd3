/*
 * Signals: handlers, masks, sending, waiting for them.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "preload/clock.h"
#include "preload/decide.h"
#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/tape.h"
#include "preload/sched_core.h"
#include "preload/signals.h"
#include "preload/threads.h"

#define KERNEL_SIGSET 8

static int with_errno(struct lane *me, long result)
{
	thread_leave(me);
	if (result < 0) {
		errno = (int)-result;
		return -1;
	}
	return (int)result;
}

EXPORT int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	struct lane *me = thread_enter();
	struct sigaction unused;

	if (!me)
		return REAL(sigaction)(number, action, old);
	return with_errno(me, signals_action(number, action, old ? old : &unused));
}

static __sighandler_t set_handler(int number, __sighandler_t handler, int flags)
{
	struct sigaction action, old;

	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	action.sa_flags = flags;
	if (sigaction(number, &action, &old) != 0)
		return SIG_ERR;
	return old.sa_handler;
}

EXPORT __sighandler_t signal(int number, __sighandler_t handler)
{
	return set_handler(number, handler, SA_RESTART);
}

EXPORT __sighandler_t __sysv_signal(int number, __sighandler_t handler)
{
	return set_handler(number, handler, (int)SA_RESETHAND | SA_NODEFER);
}

/*
 * After a change of the mask the kernel may have delivered: that happens before the call returns.
 */
static void mask_changed(struct lane *me)
{
	uint64_t mask = 0;

	raw(SYS_rt_sigprocmask, SIG_SETMASK, 0, &mask, KERNEL_SIGSET);
	signals_mask_changed(me, mask);
	signals_deliver_between(me);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	struct lane *me = thread_enter();
	int result = REAL(pthread_sigmask)(how, set, old);

	if (me) {
		if (result == 0 && set)
			mask_changed(me);
		thread_leave(me);
	}
	return result;
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	int result = pthread_sigmask(how, set, old);

	if (result == 0)
		return 0;
	errno = result;
	return -1;
}

static siginfo_t sent_by_us(int number, int code)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	info.si_signo = number;
	info.si_code = code;
	info.si_pid = process_pid();
	info.si_uid = (uid_t)raw(SYS_getuid);
	return info;
}

/*
 * One of our own signals to a lane or, NULL, to the process; the caller's own is handled before it
 * returns.
 */
static long send_signal(struct lane *me, struct lane *to, int number, const siginfo_t *info,
			uint32_t context)
{
	long result;

	sched_point(me, EVENT_KILL, to ? object_of_lane(to) : NULL, context, 0);
	if (to && to->state == LANE_DONE)
		result = number ? -ESRCH : 0;
	else
		result = signals_send(me, to, number, info);
	sched_done_value(me, result, number);
	signals_deliver_between(me);
	return result;
}

EXPORT int kill(pid_t pid, int number)
{
	const long asked[6] = { pid, number };
	siginfo_t info = sent_by_us(number, SI_USER);
	struct lane *me;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(kill)(process_real_pid(pid), number));
	if (pid > 0 && pid != info.si_pid && process_lane(pid))
		pid = info.si_pid; /* kill(2) takes a thread's id for its process's */
	if (pid != info.si_pid) {
		sched_point(me, EVENT_KILL, NULL, context, 0);
		if (!tape_taken(SYS_kill, asked, &result)) {
			result = raw(SYS_kill,
				     pid < -1 ? -process_real_pid(-pid) : process_real_pid(pid),
				     number);
			tape_keep(SYS_kill, asked, result);
		}
		sched_outside_changed();
		sched_done_value(me, result, number);
	} else {
		result = send_signal(me, NULL, number, &info, context);
	}
	return with_errno(me, result);
}

EXPORT int raise(int number)
{
	siginfo_t info = sent_by_us(number, SI_TKILL);
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(raise)(number));
	return with_errno(me, send_signal(me, me, number, &info, context));
}

EXPORT int pthread_kill(pthread_t thread, int number)
{
	siginfo_t info = sent_by_us(number, SI_TKILL);
	struct lane *me, *to;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(pthread_kill)(thread, number));
	to = threads_find(thread);
	if (to)
		result = send_signal(me, to, number, &info, context);
	else
		result = -REAL(pthread_kill)(thread, number);
	INTERPOSE_LEAVE(me, (int)-result);
}

EXPORT int tgkill(pid_t pid, pid_t tid, int number)
{
	siginfo_t info = sent_by_us(number, SI_TKILL);
	struct lane *me, *to;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(tgkill)(process_real_pid(pid), tid, number));
	to = process_lane(tid);
	if (!to || pid != info.si_pid)
		return with_errno(me, raw(SYS_tgkill, process_real_pid(pid), tid, number));
	return with_errno(me, send_signal(me, to, number, &info, context));
}

EXPORT int sigqueue(pid_t pid, int number, const union sigval value)
{
	siginfo_t info = sent_by_us(number, SI_QUEUE);
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(sigqueue)(process_real_pid(pid), number, value));
	info.si_value = value;
	if (pid != info.si_pid)
		return with_errno(me,
				  raw(SYS_rt_sigqueueinfo, process_real_pid(pid), number, &info));
	return with_errno(me, send_signal(me, NULL, number, &info, context));
}

EXPORT int pthread_sigqueue(pthread_t thread, int number, const union sigval value)
{
	siginfo_t info = sent_by_us(number, SI_QUEUE);
	struct lane *me, *to;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(pthread_sigqueue)(thread, number, value));
	to = threads_find(thread);
	info.si_value = value;
	result = to ? send_signal(me, to, number, &info, context) : -ESRCH;
	INTERPOSE_LEAVE(me, (int)-result);
}

struct signal_wait {
	struct lane *lane;
	uint64_t set;
};

/*
 * Is one of the set pending for the process or for this lane? Any thread that has the turn may ask.
 */
static bool one_is_pending(void *argument)
{
	const struct signal_wait *wait = argument;

	return (wait->lane->sent_signals & wait->set) || signals_pending_in(wait->set);
}

/* Sent by another process, or by the end of a child. */
static bool from_outside(const siginfo_t *info)
{
	if (info->si_signo == SIGCHLD && info->si_code > 0)
		return true;
	return (info->si_code == SI_USER || info->si_code == SI_QUEUE ||
		info->si_code == SI_TKILL) &&
	       process_shown_pid(info->si_pid) != process_pid();
}

/* In a replay nobody sends the signal that came from outside: we do, unless it is a child's. */
static void bring_signal(struct lane *me, struct outside *outside)
{
	int64_t number;

	if (!decide_forced(me, DECISION_RAISED, &number))
		return;
	log_decision(me, DECISION_RAISED, number, true, NULL, 0);
	if (number == SIGCHLD)
		idle_wait_for(outside);
	else if (number > 0 && number <= SIGRTMAX && !signals_pending_in(1ull << (number - 1)))
		raw(SYS_tgkill, raw(SYS_getpid), raw(SYS_gettid), number);
}

/*
 * sigtimedwait: the number, or negative errno. Signals of the set are blocked, so no handler runs
 * for them.
 */
static long wait_for_signal(struct lane *me, const sigset_t *set_, siginfo_t *info,
			    int64_t deadline, uint32_t context)
{
	static const struct timespec no_time;
	struct signal_wait wait = { .lane = me };
	struct outside outside = { .attempt = one_is_pending, .argument = &wait, .asks = true };
	long result = -EAGAIN;

	memcpy(&wait.set, set_, sizeof wait.set);
	sched_point(me, EVENT_SIGNAL_WAIT, NULL, context, 0);
	for (;;) {
		outside.satisfied = false;
		bring_signal(me, &outside);
		result = raw(SYS_rt_sigtimedwait, &wait.set, info, &no_time, KERNEL_SIGSET);
		if (result > 0 && !decide_scripted() && from_outside(info))
			log_decision(me, DECISION_RAISED, result, false, NULL, 0);
		if (result > 0 && info->si_code <= 0)
			info->si_pid = process_shown_pid(info->si_pid);
		me->sent_signals &= ~(result > 0 ? 1ull << (result - 1) : wait.set);
		if (result != -EAGAIN && result != -EINTR)
			break;
		if (deadline >= 0 && deadline <= schedule.now)
			break;
		if (sched_outside_ready(me, &outside))
			continue;
		switch (sched_block_outside(me, &outside, deadline,
					    SCHED_INTERRUPTIBLE | SCHED_CANCELABLE)) {
		case WAKE_TIMEOUT:
			result = -EAGAIN;
			goto out;
		case WAKE_SIGNAL:
		case WAKE_CANCEL:
			result = -EINTR;
			goto out;
		default:
			break;
		}
	}
out:
	sched_done(me, result);
	return result;
}

EXPORT int sigwait(const sigset_t *set, int *number)
{
	siginfo_t info;
	struct lane *me;
	uint32_t context;
	long result;

	INTERPOSE_ENTER(me, context, REAL(sigwait)(set, number));
	do
		result = wait_for_signal(me, set, &info, -1, context);
	while (result == -EINTR);
	if (result > 0)
		*number = (int)result;
	INTERPOSE_LEAVE(me, result > 0 ? 0 : (int)-result);
}

EXPORT int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	siginfo_t unused;
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(sigwaitinfo)(set, info));
	return with_errno(me, wait_for_signal(me, set, info ? info : &unused, -1, context));
}

EXPORT int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	siginfo_t unused;
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(sigtimedwait)(set, info, timeout));
	if (timeout && clock_check(timeout))
		return with_errno(me, -EINVAL);
	return with_errno(me, wait_for_signal(me, set, info ? info : &unused,
					      timeout ? clock_after(timeout) : -1, context));
}

/*
 * Until a handler has run, if only at the point before. The outside may send a signal: never a
 * deadlock.
 */
static long wait_for_handler(struct lane *me, uint32_t context)
{
	uint64_t handled = me->handled;

	sched_point(me, EVENT_SIGNAL_WAIT, NULL, context, 0);
	while (me->handled == handled && sched_block(me, NULL, 0, -1,
						     SCHED_INTERRUPTIBLE | SCHED_CANCELABLE |
							     SCHED_NO_DEADLOCK) != WAKE_SIGNAL)
		;
	sched_done(me, -EINTR);
	return -EINTR;
}

EXPORT int pause(void)
{
	struct lane *me;
	uint32_t context;

	INTERPOSE_ENTER(me, context, REAL(pause)());
	return with_errno(me, wait_for_handler(me, context));
}

EXPORT int sigsuspend(const sigset_t *set)
{
	struct lane *me;
	uint32_t context;
	uint64_t old = 0, mask;
	long result;

	INTERPOSE_ENTER(me, context, REAL(sigsuspend)(set));
	memcpy(&mask, set, sizeof mask);
	mask &= ~(1ull << (SIGSYS - 1));
	raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, KERNEL_SIGSET);
	signals_mask_changed(me, mask);
	result = wait_for_handler(me, context);
	raw(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, KERNEL_SIGSET);
	signals_mask_changed(me, old);
	return with_errno(me, result);
}
