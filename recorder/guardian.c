/*
 * The guardian process, see guardian.h. Runs on the memory of a forked CLI: no allocation, no
 * stdio.
 */
#include "recorder/guardian.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "recorder/freeze.h"
#include "recorder/region.h"

struct guardian {
	const struct guardian_job *job;
	pid_t target;
	int signals;     /* signalfd with SIGCHLD */
	bool ended;      /* the target was reaped */
	unsigned killed; /* children that died of our SIGKILL, the target not counted */
};

static void tell(const struct guardian_job *job, enum guardian_event event, int32_t value)
{
	struct guardian_message message = { .event = event, .value = value };

	/* Nobody listening is no error: the CLI may be gone. */
	if (send(job->link, &message, sizeof(message), MSG_NOSIGNAL) < 0)
		return;
	region_ring(job->region);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False with errno: a descriptor could not be put in place. Those given are above 2. */
static bool redirect(const int *stdio)
{
	int i;

	for (i = 0; stdio && i < 3; i++)
		if (dup2(stdio[i], i) < 0)
			return false;
	return true;
}

static void set_limit(int resource, int64_t wanted)
{
	struct rlimit limit;

	if (!wanted || getrlimit(resource, &limit))
		return;
	limit.rlim_cur = wanted < 0 || (rlim_t)wanted > limit.rlim_max ? limit.rlim_max
								       : (rlim_t)wanted;
	setrlimit(resource, &limit);
}

static void inherit(const struct target_inherited *inherited)
{
	if (!inherited)
		return;
	if (inherited->mask >= 0)
		umask((mode_t)inherited->mask & 0777);
	set_limit(RLIMIT_NOFILE, inherited->nofile);
	set_limit(RLIMIT_STACK, inherited->stack);
}

/*
 * Descriptors that we were started with may lead anywhere (an agent's socket): they close when the
 * target begins, as ours do. False with errno.
 */
static bool leave_descriptors(const struct guardian_job *job)
{
	int fd, last;

	if (!job->confine)
		return true;
	/* Linux before 5.11 has no CLOSE_RANGE_CLOEXEC: one by one then. */
	if (syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */))
		for (fd = 3, last = (int)sysconf(_SC_OPEN_MAX); fd < last; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	return dup3(job->region_fd, job->region_number, 0) >= 0;
}

struct failure {
	int error;
	bool confining;
};

/* In the child: becomes the target, or says through `failure` why not. */
static _Noreturn void become_target(const struct guardian_job *job, pid_t guardian,
				    const struct sigaction *child_action, int failure)
{
	struct failure why = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != guardian)
		_exit(127);
	if (job->cpu >= 0) {
		unsigned char mask[1024] = { 0 };

		mask[job->cpu / 8] = (unsigned char)(1u << (job->cpu % 8));
		syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask);
	}
	if (job->own_group)
		setpgid(0, 0);
	personality(job->persona);
	sigaction(SIGCHLD, child_action, NULL);
	sigprocmask(SIG_SETMASK, job->mask, NULL);
	tell(job, GUARDIAN_FORKED, (int32_t)getpid());
	if ((!job->directory || !chdir(job->directory)) && redirect(job->stdio) &&
	    leave_descriptors(job)) {
		inherit(job->inherited);
		why.error = job->confine ? -confine_enter(job->confine) : 0;
		why.confining = why.error != 0;
		if (!why.confining)
			execve(job->path, job->argv, job->envp);
	}
	if (!why.confining)
		why.error = errno;
	if (write(failure, &why, sizeof(why)) != sizeof(why))
		_exit(126);
	_exit(127);
}

/*
 * Closes every descriptor but these three: pipes of the target and of the CLI must see their ends.
 */
static void close_others(int a, int b, int c)
{
	int keep[3] = { a, b, c }, next = 0, i, j;

	for (i = 0; i < 3; i++)
		for (j = i + 1; j < 3; j++)
			if (keep[j] < keep[i]) {
				int swap = keep[i];

				keep[i] = keep[j];
				keep[j] = swap;
			}
	for (i = 0; i <= 3; i++) {
		unsigned last = i < 3 ? (unsigned)keep[i] - 1 : ~0u;

		/* Linux before 5.9 has no close_range(2): one by one then, up to the limit. */
		if ((i == 3 || keep[i] > next) &&
		    syscall(SYS_close_range, (unsigned)next, last, 0)) {
			int limit = i < 3 ? keep[i] : (int)sysconf(_SC_OPEN_MAX);

			for (j = next; j < limit; j++)
				close(j);
		}
		if (i < 3)
			next = keep[i] + 1;
	}
}

/* Reaps what has ended. Returns false when no child is left. */
static bool reap(struct guardian *guardian)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (pid == guardian->target) {
			guardian->ended = true;
			tell(guardian->job, GUARDIAN_ENDED, status);
		} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
			guardian->killed++;
		}
	}
	return pid == 0;
}

/*
 * Kills the children listed in a file of blank-separated ids. Returns how many signals were
 * accepted, or -1.
 */
static int kill_listed(void)
{
	char path[64], buffer[4096];
	int fd, sent = 0;
	pid_t pid = 0;
	ssize_t n, i;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		for (i = 0; i < n; i++) {
			if (buffer[i] >= '0' && buffer[i] <= '9') {
				pid = pid * 10 + (buffer[i] - '0');
				continue;
			}
			if (pid > 1)
				sent += kill(pid, SIGKILL) == 0;
			pid = 0;
		}
	}
	close(fd);
	return sent;
}

/* The same for kernels without that file (CONFIG_PROC_CHILDREN): looks at every process. */
static int kill_found(void)
{
	char buffer[8192] __attribute__((aligned(8)));
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), sent = 0;
	long n;

	if (proc < 0)
		return 0;
	while ((n = syscall(SYS_getdents64, proc, buffer, sizeof(buffer))) > 0) {
		long at = 0;

		while (at < n) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
			pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
			char path[64], text[512], *end;
			ssize_t length;
			int fd;

			at += entry->d_reclen;
			if (pid <= 1)
				continue;
			snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
			if (fd >= 0)
				close(fd);
			if (length <= 0)
				continue;
			text[length] = '\0';
			/* "pid (name) state ppid": the name may hold anything. */
			end = strrchr(text, ')');
			if (end && strlen(end) > 4 && strtol(end + 4, NULL, 10) == getpid())
				sent += kill(pid, SIGKILL) == 0;
		}
	}
	close(proc);
	return sent;
}

/*
 * Waits for news of children or of the CLI. Returns false when the CLI wants everything killed, or
 * is gone.
 */
static bool wait_news(const struct guardian *guardian, int timeout_ms)
{
	struct pollfd fds[2] = {
		{ .fd = guardian->job->link, .events = POLLIN },
		{ .fd = guardian->signals, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	if (poll(fds, 2, timeout_ms) <= 0)
		return true;
	while (fds[1].revents && read(guardian->signals, &info, sizeof(info)) > 0)
		;
	return !fds[0].revents;
}

/*
 * Kills everything below us and reaps it. The list of children may miss one while processes come
 * and go (proc(5)), so it is asked again; what cannot be killed in the end has become another
 * user's.
 */
static void kill_all(struct guardian *guardian)
{
	enum { LISTED_ROUNDS = 4, ROUNDS = 40, PATIENCE = 8, FREEZE_ROUNDS = 64 };
	struct pollfd fd = { .fd = guardian->signals, .events = POLLIN };
	struct signalfd_siginfo info;
	int idle = 0, rounds = 0;

	while (reap(guardian)) {
		/* They fork faster than they are killed. */
		if (++rounds % PATIENCE == 0)
			freeze_descendants(FREEZE_ROUNDS);
		int sent = idle < LISTED_ROUNDS ? kill_listed() : kill_found();

		if (sent < 0)
			sent = kill_found();
		idle = sent ? 0 : idle + 1;
		if (idle > ROUNDS)
			return;
		poll(&fd, 1, 5);
		while (read(guardian->signals, &info, sizeof(info)) > 0)
			;
	}
}

static void watch(struct guardian *guardian)
{
	int64_t deadline;

	while (!guardian->ended) {
		if (!wait_news(guardian, -1))
			return;
		reap(guardian);
	}
	deadline = now_ms() + guardian->job->grace_ms;
	while (reap(guardian)) {
		int64_t left = deadline - now_ms();

		if (left <= 0 || !wait_news(guardian, (int)left))
			return;
	}
}

_Noreturn void guardian_main(const struct guardian_job *job)
{
	struct guardian guardian = { .job = job };
	/* An ignored SIGCHLD would reap behind our back; the target shall have it as it was. */
	struct sigaction reset = { .sa_handler = SIG_DFL }, child_action;
	struct failure why = { 0 };
	int failure[2];
	pid_t self = getpid();
	sigset_t child;
	ssize_t n;

	prctl(PR_SET_NAME, "frontrun-guard");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigaction(SIGCHLD, &reset, &child_action);
	guardian.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (guardian.signals < 0 || pipe2(failure, O_CLOEXEC)) {
		tell(job, GUARDIAN_EXEC_FAILED, errno);
		_exit(1);
	}
	guardian.target = fork();
	if (guardian.target < 0) {
		tell(job, GUARDIAN_EXEC_FAILED, errno);
		_exit(1);
	}
	if (!guardian.target)
		become_target(job, self, &child_action, failure[1]);

	close_others(job->link, guardian.signals, failure[0]);
	n = read(failure[0], &why, sizeof(why));
	close(failure[0]);
	if (n == sizeof(why)) {
		waitpid(guardian.target, NULL, 0);
		tell(job, why.confining ? GUARDIAN_CONFINE_FAILED : GUARDIAN_EXEC_FAILED,
		     why.error);
		_exit(1);
	}
	tell(job, GUARDIAN_STARTED, guardian.target);
	watch(&guardian);
	kill_all(&guardian);
	tell(job, GUARDIAN_CLEANED, (int32_t)guardian.killed);
	_exit(0);
}
