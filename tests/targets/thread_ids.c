/*
 * The ids of threads: printed, the first one the process's, all different, and taken by tgkill,
 * tkill, kill, the scheduler's calls, priorities, clocks and /proc. A child knows its parent.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

enum { THREADS = 4 };

static pthread_barrier_t barrier;
static pid_t ids[THREADS];
static int got[THREADS];
static __thread int me = -1;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	CHECK(info->si_pid == getpid());
	if (me >= 0)
		got[me]++;
}

static void *work(void *argument)
{
	me = *(int *)argument;
	ids[me] = gettid();
	CHECK(syscall(SYS_gettid) == ids[me] && syscall(SYS_getpid) == getpid());
	pthread_barrier_wait(&barrier); /* all ids are known */
	pthread_barrier_wait(&barrier); /* all signals are sent */
	sched_yield();
	return NULL;
}

static void use(pid_t id, pthread_t thread)
{
	struct sched_param parameters;
	struct timespec time;
	cpu_set_t cpus;
	clockid_t clock;
	char path[64], text[16];
	int fd;

	CHECK(tgkill(getpid(), id, SIGUSR1) == 0);
	CHECK(syscall(SYS_tgkill, getpid(), id, SIGUSR2) == 0);
	CHECK(syscall(SYS_tkill, id, 0) == 0);
	CHECK(sched_getscheduler(id) == SCHED_OTHER && sched_getparam(id, &parameters) == 0);
	CHECK(sched_getaffinity(id, sizeof(cpus), &cpus) == 0);
	CHECK(sched_setaffinity(id, sizeof(cpus), &cpus) == 0);
	errno = 0;
	getpriority(PRIO_PROCESS, (id_t)id);
	CHECK(errno == 0);
	CHECK(syscall(SYS_sched_getscheduler, id) == SCHED_OTHER);
	CHECK(pthread_getcpuclockid(thread, &clock) == 0 && ~(clock >> 3) == id);
	CHECK(clock_gettime(clock, &time) == 0 && clock_getres(clock, &time) == 0);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", getpid(), id);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && read(fd, text, sizeof(text)) > 0 && close(fd) == 0);
}

static void try_process(void)
{
	pid_t parent = getpid(), child;
	clockid_t clock;
	int status;

	CHECK(getpgid(parent) == getpgrp() && kill(parent, 0) == 0 && kill(getppid(), 0) == 0);
	CHECK(clock_getcpuclockid(parent, &clock) == 0 && ~(clock >> 3) == parent);
	CHECK_ERRNO(tgkill(parent, 1, 0), ESRCH);
	child = fork();
	if (child == 0)
		_exit(getppid() == parent && kill(parent, 0) == 0 && getpid() != parent ? 0 : 1);
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	pthread_t threads[THREADS];
	int numbers[THREADS], i, j;

	(void)argv;
	CHECK(gettid() == getpid());
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);
	CHECK_RC(pthread_barrier_init(&barrier, NULL, THREADS + 1), 0);
	for (i = 0; i < THREADS; i++) {
		numbers[i] = i;
		CHECK_RC(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
	}
	pthread_barrier_wait(&barrier);
	for (i = 0; i < THREADS; i++) {
		CHECK(ids[i] != getpid());
		for (j = 0; j < i; j++)
			CHECK(ids[i] != ids[j]);
		use(ids[i], threads[i]);
	}
	pthread_barrier_wait(&barrier);
	for (i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(threads[i], NULL), 0);
	for (i = 0; i < THREADS; i++)
		CHECK(got[i] == 2);
	try_process();
	CHECK(raise(SIGUSR1) == 0 && sigqueue(getpid(), SIGUSR1, (union sigval){ 0 }) == 0);
	if (argc > 1) { /* only under control they are the same in each run */
		printf("process %d, parent %d\n", getpid(), getppid());
		for (i = 0; i < THREADS; i++)
			printf("thread %d\n", ids[i]);
	}
	return check_done(__FILE__);
}
