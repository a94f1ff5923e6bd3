/* Statically linked: no library can be loaded into it, so that it cannot be controlled. */
#include <pthread.h>
#include "tests/targets/check.h"

static void *body(void *value)
{
	return value;
}

int main(void)
{
	pthread_t tid;

	CHECK_RC(pthread_create(&tid, NULL, body, NULL), 0);
	CHECK_RC(pthread_join(tid, NULL), 0);
	return check_done(__FILE__);
}
