/*
 * popen, pclose and system in threads while another works: libc blocks inside, in calls that no
 * wrapper sees. Output, input and exit statuses are checked.
 */
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

static void *read_command(void *unused)
{
	char line[64];
	FILE *f = popen("echo first; sleep 0.02; echo second; exit 3", "r");

	CHECK(f && fgets(line, sizeof(line), f) && strcmp(line, "first\n") == 0);
	CHECK(fgets(line, sizeof(line), f) && strcmp(line, "second\n") == 0);
	CHECK(!fgets(line, sizeof(line), f));
	CHECK(WEXITSTATUS(pclose(f)) == 3);
	return unused;
}

static void *run_command(void *unused)
{
	CHECK(WEXITSTATUS(system("sleep 0.02; exit 4")) == 4);
	CHECK(WEXITSTATUS(system("exit 0")) == 0);
	CHECK(system(NULL) != 0);
	return unused;
}

int main(void)
{
	pthread_t worker, tid[2];
	FILE *f;

	CHECK_RC(pthread_create(&worker, NULL, work, NULL), 0);
	CHECK_RC(pthread_create(&tid[0], NULL, read_command, NULL), 0);
	CHECK_RC(pthread_create(&tid[1], NULL, run_command, NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	fflush(stdout);
	f = popen("cat", "w");
	CHECK(f && fputs("through cat\n", f) >= 0 && WEXITSTATUS(pclose(f)) == 0);
	stop = 1;
	CHECK_RC(pthread_join(worker, NULL), 0);
	return check_done(__FILE__);
}
