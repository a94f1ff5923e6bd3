/*
 * main leaves by pthread_exit while two threads run on; one joins the main thread. The process ends
 * with status 0 when the last thread ends.
 */
#include <pthread.h>
#include <stdint.h>
#include "tests/targets/check.h"

static pthread_t main_thread;

static void *last(void *unused)
{
	void *value;

	CHECK_RC(pthread_join(main_thread, &value), 0);
	CHECK((intptr_t)value == 5);
	check_done(__FILE__);
	return unused;
}

static void *brief(void *unused)
{
	return unused;
}

int main(void)
{
	pthread_t tid;

	main_thread = pthread_self();
	CHECK_RC(pthread_create(&tid, NULL, last, NULL), 0);
	CHECK_RC(pthread_detach(tid), 0);
	CHECK_RC(pthread_create(&tid, NULL, brief, NULL), 0);
	CHECK_RC(pthread_detach(tid), 0);
	pthread_exit((void *)5);
}
