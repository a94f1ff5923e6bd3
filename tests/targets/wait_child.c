/*
 * wait, waitpid, wait3, wait4 and waitid in one thread while another works: exit statuses, a death
 * by signal, WNOHANG, a stopped and continued child, ECHILD.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int stop;
static long rounds;

static void *work(void *unused)
{
	while (!stop) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		rounds++;
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
		sched_yield();
	}
	return unused;
}

/* A child that ends with `status`, a moment later than at once. */
static pid_t child(int status)
{
	pid_t pid = fork();

	CHECK(pid != -1);
	if (pid == 0) {
		check_sleep(5);
		_exit(status);
	}
	return pid;
}

int main(void)
{
	struct rusage usage;
	pthread_t tid;
	siginfo_t info;
	pid_t pid;
	int status, rc;

	CHECK_RC(pthread_create(&tid, NULL, work, NULL), 0);
	pid = child(3);
	CHECK(wait(&status) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
	pid = child(4);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 4);
	pid = child(5);
	CHECK(wait3(&status, 0, &usage) == pid && WEXITSTATUS(status) == 5);
	pid = child(6);
	CHECK(wait4(-1, &status, 0, NULL) == pid && WEXITSTATUS(status) == 6);
	pid = child(7);
	memset(&info, 0, sizeof(info));
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	CHECK(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 7);
	CHECK(waitid(P_ALL, 0, &info, WEXITED) == 0 && info.si_pid == pid);
	pid = child(8);
	while ((rc = waitpid(pid, &status, WNOHANG)) == 0)
		sched_yield();
	CHECK(rc == pid && WEXITSTATUS(status) == 8);

	pid = fork();
	CHECK(pid != -1);
	if (pid == 0)
		for (;;)
			pause();
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	CHECK(WTERMSIG(status) == SIGKILL);
	CHECK_ERRNO(wait(&status), ECHILD);
	stop = 1;
	CHECK_RC(pthread_join(tid, NULL), 0);
	CHECK(rounds >= 0);
	return check_done(__FILE__);
}
