/*
 * syscall(2): futexes for programs and language runtimes that have no libc function for them, and
 * other calls that block, tell the time or name threads, which must not get past us by number.
 * Everything else passes.
 */
#include <errno.h>
#include <stdarg.h>
#include <linux/ioprio.h>
#include <stddef.h>
#include <sys/resource.h>

#include "preload/futex.h"
#include "preload/interpose.h"
#include "preload/io.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/sleep.h"

/*
 * Newer calls that wait on futexes: "not in this kernel" makes every program go back to
 * SYS_futex.
 */
enum { FUTEX_WAITV = 449, FUTEX2_WAKE = 454, FUTEX2_WAIT, FUTEX2_REQUEUE };

static long futex(struct lane *me, const long a[6], uint32_t context)
{
	return futex_operation(me, (uint32_t *)a[0], (int)a[1], (uint32_t)a[2],
			       (const struct timespec *)a[3], (uint32_t *)a[4], (uint32_t)a[5],
			       context);
}

/* Is this call an operation of the scheduler, that controlled() performs? */
static bool is_controlled(long number)
{
	switch (number) {
	case SYS_futex:
	case FUTEX_WAITV:
	case FUTEX2_WAKE:
	case FUTEX2_WAIT:
	case FUTEX2_REQUEUE:
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
		return true;
	default:
		return io_knows(number);
	}
}

/* The kernel's result. */
static long controlled(struct lane *me, long number, long a[6], uint32_t context)
{
	switch (number) {
	case SYS_futex:
		return futex(me, a, context);
	case SYS_nanosleep:
		return sleep_operation(me, CLOCK_REALTIME, 0, (const struct timespec *)a[0],
				       (struct timespec *)a[1], context);
	case SYS_clock_nanosleep:
		return sleep_operation(me, (clockid_t)a[0], (int)a[1],
				       (const struct timespec *)a[2], (struct timespec *)a[3],
				       context);
	default:
		return io_knows(number) ? io_call(me, number, a, context) : -ENOSYS;
	}
}

/* Calls that libc has a function for of the same meaning, which may be one of ours. */
static bool by_name(long number, const long a[6], long *result)
{
	switch (number) {
	case SYS_sched_yield:
		*result = sched_yield();
		return true;
	case SYS_clock_gettime:
		*result = clock_gettime((clockid_t)a[0], (struct timespec *)a[1]);
		return true;
	case SYS_gettimeofday:
		*result = gettimeofday((struct timeval *)a[0], (void *)a[1]);
		return true;
	case SYS_time:
		*result = time((time_t *)a[0]);
		return true;
	case SYS_getrandom:
		*result = getrandom((void *)a[0], (size_t)a[1], (unsigned)a[2]);
		return true;
	case SYS_getpid:
		*result = getpid();
		return true;
	case SYS_getppid:
		*result = getppid();
		return true;
	case SYS_gettid:
		*result = gettid();
		return true;
	case SYS_kill:
		*result = kill((pid_t)a[0], (int)a[1]);
		return true;
	case SYS_tgkill:
		*result = tgkill((pid_t)a[0], (pid_t)a[1], (int)a[2]);
		return true;
	case SYS_tkill:
		*result = tgkill(getpid(), (pid_t)a[0], (int)a[1]);
		return true;
	case SYS_sched_setaffinity:
		*result = sched_setaffinity((pid_t)a[0], (size_t)a[1], (const cpu_set_t *)a[2]);
		return true;
	case SYS_exit_group:
		_exit((int)a[0]);
	default:
		return false;
	}
}

/* Ids of processes and threads become the kernel's. */
static void translate_ids(long number, long a[6])
{
	switch (number) {
	case SYS_sched_setscheduler:
	case SYS_sched_getscheduler:
	case SYS_sched_setparam:
	case SYS_sched_getparam:
	case SYS_sched_rr_get_interval:
	case SYS_sched_getaffinity:
	case SYS_sched_setattr:
	case SYS_sched_getattr:
	case SYS_prlimit64:
		a[0] = process_real_tid((pid_t)a[0]);
		break;
	case SYS_getpgid:
	case SYS_getsid:
	case SYS_pidfd_open:
	case SYS_process_vm_readv:
	case SYS_process_vm_writev:
	case SYS_rt_sigqueueinfo:
		a[0] = process_real_pid((pid_t)a[0]);
		break;
	case SYS_rt_tgsigqueueinfo:
		a[0] = process_real_pid((pid_t)a[0]);
		a[1] = process_real_tid((pid_t)a[1]);
		break;
	case SYS_getpriority:
	case SYS_setpriority:
		if (a[0] == PRIO_PROCESS)
			a[1] = process_real_tid((pid_t)a[1]);
		break;
	case SYS_ioprio_get:
	case SYS_ioprio_set:
		if (a[0] == IOPRIO_WHO_PROCESS)
			a[1] = process_real_tid((pid_t)a[1]);
		break;
	}
}

EXPORT long syscall(long number, ...)
{
	struct lane *me = thread_state.lane;
	long a[6], result;
	va_list arguments;
	int i;

	/* As libc does: always six, whatever the call takes. */
	va_start(arguments, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	if (me && !thread_state.inside) {
		if (by_name(number, a, &result))
			return result;
		translate_ids(number, a);
		if (is_controlled(number)) {
			thread_state.inside = 1;
			result = controlled(me, number, a, CONTEXT_HERE(me));
			thread_leave(me);
			if (result >= 0 || result < -4095)
				return result;
			errno = (int)-result;
			return -1;
		}
	}
	return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
