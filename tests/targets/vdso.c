/*
 * The clock of the kernel's functions in user space, called directly as some language runtimes do,
 * is the one that libc shows: also while threads sleep in virtual time.
 */
#include <dlfcn.h>
#include <pthread.h>
#include "tests/targets/check.h"

static int (*vdso_clock)(clockid_t, struct timespec *);
static time_t (*vdso_time)(time_t *);

static void same(void)
{
	struct timespec direct, shown;

	CHECK(vdso_clock(CLOCK_MONOTONIC, &direct) == 0);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &shown) == 0);
	CHECK(shown.tv_sec - direct.tv_sec >= 0 && shown.tv_sec - direct.tv_sec <= 1);
	CHECK(time(NULL) - vdso_time(NULL) >= -1 && time(NULL) - vdso_time(NULL) <= 1);
}

static void *sleep_once(void *unused)
{
	struct timespec before, after;

	same();
	CHECK(vdso_clock(CLOCK_MONOTONIC, &before) == 0);
	CHECK(usleep(300000) == 0);
	CHECK(vdso_clock(CLOCK_MONOTONIC, &after) == 0);
	CHECK(after.tv_sec * 1000 + after.tv_nsec / 1000000 -
		      (before.tv_sec * 1000 + before.tv_nsec / 1000000) >=
	      299);
	same();
	return unused;
}

int main(void)
{
	void *image = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
	pthread_t tid[2];

	CHECK(image);
	vdso_clock = (int (*)(clockid_t, struct timespec *))dlsym(image, "__vdso_clock_gettime");
	vdso_time = (time_t(*)(time_t *))dlsym(image, "__vdso_time");
	CHECK(vdso_clock && vdso_time);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, sleep_once, NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	return check_done(__FILE__);
}
