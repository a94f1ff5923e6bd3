/*
 * Functions that take or give ids of processes and threads, and nothing else of ours: the program's
 * ids become the kernel's, and back (process.h). No events.
 */
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "preload/direct.h"
#include "preload/interpose.h"
#include "preload/process.h"

EXPORT int sched_setscheduler(pid_t id, int policy, const struct sched_param *parameters)
{
	return REAL(sched_setscheduler)(process_real_tid(id), policy, parameters);
}

EXPORT int sched_getscheduler(pid_t id)
{
	return REAL(sched_getscheduler)(process_real_tid(id));
}

EXPORT int sched_setparam(pid_t id, const struct sched_param *parameters)
{
	return REAL(sched_setparam)(process_real_tid(id), parameters);
}

EXPORT int sched_getparam(pid_t id, struct sched_param *parameters)
{
	return REAL(sched_getparam)(process_real_tid(id), parameters);
}

EXPORT int sched_rr_get_interval(pid_t id, struct timespec *interval)
{
	return REAL(sched_rr_get_interval)(process_real_tid(id), interval);
}

EXPORT int getpriority(__priority_which_t which, id_t who)
{
	return REAL(getpriority)(which,
				 which == PRIO_PROCESS ? (id_t)process_real_tid((pid_t)who) : who);
}

EXPORT int setpriority(__priority_which_t which, id_t who, int value)
{
	return REAL(setpriority)(
		which, which == PRIO_PROCESS ? (id_t)process_real_tid((pid_t)who) : who, value);
}

EXPORT pid_t getpgrp(void)
{
	return process_shown_pid(REAL(getpgrp)());
}

EXPORT pid_t getpgid(pid_t id)
{
	return process_shown_pid(REAL(getpgid)(process_real_pid(id)));
}

EXPORT int setpgid(pid_t id, pid_t group)
{
	return REAL(setpgid)(process_real_pid(id), process_real_pid(group));
}

EXPORT pid_t getsid(pid_t id)
{
	return process_shown_pid(REAL(getsid)(process_real_pid(id)));
}

EXPORT pid_t setsid(void)
{
	return process_shown_pid(REAL(setsid)());
}

EXPORT int killpg(pid_t group, int number)
{
	return REAL(killpg)(process_real_pid(group), number);
}

/* SO_PEERCRED, of a socket to the same process. */
EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	int result = DIRECT(REAL(getsockopt)(fd, level, option, value, length), SYS_getsockopt, fd,
			    level, option, value, length);
	struct ucred *peer = value;

	if (result == 0 && level == SOL_SOCKET && option == SO_PEERCRED && *length >= sizeof *peer)
		peer->pid = process_shown_pid(peer->pid);
	return result;
}

EXPORT int prlimit(pid_t id, enum __rlimit_resource what, const struct rlimit *set,
		   struct rlimit *old)
{
	return REAL(prlimit)(process_real_tid(id), what, set, old);
}

EXPORT int prlimit64(pid_t id, enum __rlimit_resource what, const struct rlimit64 *set,
		     struct rlimit64 *old)
{
	return REAL(prlimit64)(process_real_tid(id), what, set, old);
}
