/*
 * Waiting for several descriptors, for children, for locks on files, and for System V queues and
 * semaphores.
 */
#include "preload/io_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/wait.h>

#include "preload/clock.h"
#include "preload/raw.h"
#include "preload/sched.h"
#include "preload/tape.h"

#define SEM_OPERATIONS 512 /* SEMOPM of Linux is 500 */

int64_t clock_after_ms(long ms)
{
	return (int)ms < 0 ? -1 : clock_after_ns((int)ms * 1000000ll);
}

int64_t clock_after_optional(const struct timespec *relative)
{
	return relative ? clock_after(relative) : -1;
}

int64_t clock_after_timeval(const struct timeval *relative)
{
	return relative ? clock_after_ns(relative->tv_sec * 1000000000ll +
					 relative->tv_usec * 1000ll)
			: -1;
}

/*
 * Blocks until the outside is ready. 1 ready, 0 time is up, negative errno. A deadline of now is a
 * question that does not wait, but fair: a loop of such questions must let others run.
 */
static long block_for(struct lane *me, struct outside *outside, int64_t deadline)
{
	for (;;) {
		if (sched_outside_ready(me, outside))
			return 1;
		switch (sched_block_outside(me, outside, deadline,
					    SCHED_INTERRUPTIBLE | SCHED_CANCELABLE)) {
		case WAKE_TIMEOUT:
			return 0;
		case WAKE_SIGNAL:
		case WAKE_CANCEL:
			return -EINTR;
		default:
			break;
		}
	}
}

/* Not ready and no time to wait: somebody else goes first, so that polling loops end. */
static void be_fair(struct lane *me)
{
	if (schedule.runnable_count > 1 || schedule.timed)
		sched_block(me, NULL, 0, clock_after_ns(1000), 0);
}

/* A question that does not wait; that the answer is no is recorded. True: ask the kernel. */
static bool answered(struct lane *me, struct outside *outside)
{
	if (sched_outside_ready(me, outside))
		return true;
	be_fair(me);
	return false;
}

static bool is_question(int64_t deadline)
{
	return deadline >= 0 && deadline <= schedule.now;
}

static long nothing_ready(struct pollfd *fds, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		fds[i].revents = 0;
	return 0;
}

long io_wait_poll(struct lane *me, long a[6], int64_t deadline)
{
	struct outside outside = { .fds = (struct pollfd *)a[0], .fd_count = (uint32_t)a[1] };
	long result;

	if (is_question(deadline))
		result = answered(me, &outside);
	else
		result = block_for(me, &outside, deadline);
	if (result == 0)
		return nothing_ready(outside.fds, outside.fd_count);
	return result < 0 ? result : tape(SYS_poll, a[0], a[1], 0);
}

long io_wait_epoll(struct lane *me, long a[6], int64_t deadline)
{
	struct pollfd poll_fd = { .fd = (int)a[0], .events = POLLIN };
	struct outside outside = { .fds = &poll_fd, .fd_count = 1 };
	long result;

	for (;;) {
		if (is_question(deadline))
			result = answered(me, &outside);
		else
			result = block_for(me, &outside, deadline);
		if (result <= 0)
			return result;
		result = tape(SYS_epoll_wait, a[0], a[1], a[2], 0);
		/*
		 * Edge-triggered: the epoll descriptor was readable, but for nobody in particular
		 * any more.
		 */
		if (result != 0 || is_question(deadline))
			return result;
		be_fair(me);
	}
}

static bool is_in(const fd_set *set, int fd)
{
	return set && FD_ISSET(fd, set);
}

/* Eight kilobytes of its own: not inlined into the callers' frames. */
static __attribute__((noinline)) long select_blocking(struct lane *me, long a[6], int64_t deadline)
{
	struct pollfd fds[FD_SETSIZE];
	fd_set *sets[3] = { (fd_set *)a[1], (fd_set *)a[2], (fd_set *)a[3] };
	struct outside outside = { .fds = fds };
	struct timeval zero = { 0, 0 };
	long result;
	int fd, i, most = a[0] < FD_SETSIZE ? (int)a[0] : FD_SETSIZE;

	for (fd = 0; fd < most; fd++) {
		short events = (short)((is_in(sets[0], fd) ? POLLIN : 0) |
				       (is_in(sets[1], fd) ? POLLOUT : 0) |
				       (is_in(sets[2], fd) ? POLLPRI : 0));

		if (events)
			fds[outside.fd_count++] = (struct pollfd){ .fd = fd, .events = events };
	}
	if (is_question(deadline))
		result = answered(me, &outside);
	else
		result = block_for(me, &outside, deadline);
	if (result > 0)
		return tape(SYS_select, most, sets[0], sets[1], sets[2], &zero);
	for (fd = 0; result == 0 && fd < most; fd++)
		for (i = 0; i < 3; i++)
			if (is_in(sets[i], fd))
				FD_CLR(fd, sets[i]);
	return result;
}

long io_wait_select(struct lane *me, long a[6], int64_t deadline)
{
	if (a[0] <= 0 || (!a[1] && !a[2] && !a[3])) { /* a sleep */
		unsigned flags = SCHED_INTERRUPTIBLE | SCHED_CANCELABLE;
		enum lane_wake wake;

		if (deadline < 0)
			flags |= SCHED_NO_DEADLOCK;
		do
			wake = sched_block(me, NULL, 0, deadline, flags);
		while (wake == WAKE_RESTART);
		return wake == WAKE_TIMEOUT ? 0 : -EINTR;
	}
	return select_blocking(me, a, deadline);
}

/* One try of a call in its form that does not block. */
struct attempt {
	long number;
	long *a;
	long result;
};

static long semaphores_without_waiting(const long a[6])
{
	const struct sembuf *given = (const struct sembuf *)a[1];
	struct sembuf copy[SEM_OPERATIONS];
	long i;

	if (a[2] < 0 || a[2] > SEM_OPERATIONS)
		return -E2BIG;
	for (i = 0; i < a[2]; i++) {
		copy[i] = given[i];
		copy[i].sem_flg |= IPC_NOWAIT;
	}
	return raw(SYS_semop, a[0], copy, a[2]);
}

/* True when it is over: done, or failed for another reason than having to wait. */
static bool make_attempt(struct attempt *attempt)
{
	const long *a = attempt->a;
	siginfo_t *info;

	switch (attempt->number) {
	case SYS_wait4:
		attempt->result = raw(SYS_wait4, a[0], a[1], a[2] | WNOHANG, a[3]);
		return attempt->result != 0;
	case SYS_waitid:
		info = (siginfo_t *)a[2];
		if (info)
			info->si_pid = 0;
		attempt->result = raw(SYS_waitid, a[0], a[1], a[2], a[3] | WNOHANG, a[4]);
		return attempt->result != 0 || !info || info->si_pid != 0;
	case SYS_flock:
		attempt->result = raw(SYS_flock, a[0], a[1] | LOCK_NB);
		return attempt->result != -EWOULDBLOCK;
	case SYS_fcntl:
		attempt->result =
			raw(SYS_fcntl, a[0], a[1] == F_OFD_SETLKW ? F_OFD_SETLK : F_SETLK, a[2]);
		return attempt->result != -EAGAIN && attempt->result != -EACCES;
	case SYS_msgrcv:
		attempt->result = raw(SYS_msgrcv, a[0], a[1], a[2], a[3], a[4] | IPC_NOWAIT);
		return attempt->result != -ENOMSG;
	case SYS_msgsnd:
		attempt->result = raw(SYS_msgsnd, a[0], a[1], a[2], a[3] | IPC_NOWAIT);
		return attempt->result != -EAGAIN;
	default:
		attempt->result = semaphores_without_waiting(a);
		return attempt->result != -EAGAIN;
	}
}

static bool all_nowait(const struct sembuf *operations, long count)
{
	long i;

	for (i = 0; i < count; i++)
		if (!(operations[i].sem_flg & IPC_NOWAIT))
			return false;
	return true;
}

/* Of the tape's business is only the attempt that was the last. */
static bool try_once(void *argument)
{
	struct attempt *attempt = argument;
	const long *a = attempt->a;
	bool done = tape_taken(attempt->number, a, &attempt->result);

	if (done)
		return true;
	done = make_attempt(attempt);
	if (done)
		tape_keep(attempt->number, a, attempt->result);
	return done;
}

/* The program itself asks not to wait. */
static bool never_waits(long number, const long a[6])
{
	switch (number) {
	case SYS_wait4:
		return a[2] & WNOHANG;
	case SYS_waitid:
		return a[3] & WNOHANG;
	case SYS_flock:
		return a[1] & LOCK_NB;
	case SYS_fcntl:
		return a[1] != F_SETLKW && a[1] != F_OFD_SETLKW;
	case SYS_msgrcv:
		return a[4] & IPC_NOWAIT;
	case SYS_msgsnd:
		return a[3] & IPC_NOWAIT;
	case SYS_semop:
	case SYS_semtimedop:
		return all_nowait((const struct sembuf *)a[1], a[2]);
	default:
		return false;
	}
}

/* It cannot have to wait: a lock is given back. */
static bool gives_back(long number, const long a[6])
{
	return number == SYS_flock && (a[1] & LOCK_UN);
}

/* What a call returns that may not wait, but would have to. */
static long not_now(long number)
{
	switch (number) {
	case SYS_wait4:
	case SYS_waitid:
		return 0;
	case SYS_msgrcv:
		return -ENOMSG;
	default:
		return -EAGAIN;
	}
}

/* As in struct outside. Groups of processes are any child. */
static int child_of(long number, const long a[6])
{
	if (number == SYS_wait4)
		return a[0] > 0 ? (int)a[0] : -1;
	if (number == SYS_waitid)
		return a[0] == P_PID ? (int)a[1] : -1;
	return 0;
}

long io_wait_attempt(struct lane *me, long number, long a[6], int64_t deadline)
{
	struct attempt attempt = { .number = number, .a = a };
	struct outside outside = {
		.attempt = try_once,
		.argument = &attempt,
		.child = child_of(number, a),
	};
	long result;

	if (gives_back(number, a))
		return tape(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (never_waits(number, a))
		return answered(me, &outside) ? attempt.result : not_now(number);
	result = block_for(me, &outside, deadline);
	if (result < 0)
		return result;
	return result == 0 ? -EAGAIN : attempt.result;
}
