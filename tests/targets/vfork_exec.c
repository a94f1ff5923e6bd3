/* vfork and exec of every form while another thread works; a failed exec ends with _exit(127). */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int stop;

static void *work(void *unused)
{
	while (!stop) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
		sched_yield();
	}
	return unused;
}

static void run(int form)
{
	char *args[] = { "sh", "-c", "exit 5", NULL };
	int status, want = form == 4 ? 127 : 5;
	pid_t pid = vfork();

	CHECK(pid != -1);
	if (pid == 0) {
		if (form == 0)
			execv("/bin/sh", args);
		else if (form == 1)
			execl("/bin/sh", "sh", "-c", "exit 5", NULL);
		else if (form == 2)
			execvp("sh", args);
		else if (form == 3)
			execve("/bin/sh", args, environ);
		else
			execl("/nonexistent", "nonexistent", NULL);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == want);
}

int main(void)
{
	pthread_t tid;

	CHECK_RC(pthread_create(&tid, NULL, work, NULL), 0);
	for (int form = 0; form < 5; form++)
		run(form);
	stop = 1;
	CHECK_RC(pthread_join(tid, NULL), 0);
	return check_done(__FILE__);
}
