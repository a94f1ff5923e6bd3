/*
 * pthread_exit with a value from a nested call, cleanup handlers on the way out, destructors of
 * thread-specific data in several rounds, and a thread that ends while holding nothing.
 */
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include "tests/targets/check.h"

static pthread_key_t first, second, again;
static char trail[32];
static int rounds;

static void note(char what)
{
	size_t len = strlen(trail);

	CHECK(len + 1 < sizeof(trail));
	trail[len] = what;
}

static void cleanup(void *what)
{
	note((char)(intptr_t)what);
}

static void destroy_first(void *value)
{
	CHECK(value == &first);
	note('1');
}

static void destroy_second(void *value)
{
	CHECK(value == &second);
	CHECK(pthread_getspecific(second) == NULL);
	note('2');
}

static void destroy_again(void *value)
{
	if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS)
		CHECK_RC(pthread_setspecific(again, value), 0);
}

static void leave(void)
{
	pthread_cleanup_push(cleanup, (void *)(intptr_t)'b');
	pthread_exit((void *)42);
	pthread_cleanup_pop(0);
}

static void *body(void *unused)
{
	(void)unused;
	CHECK_RC(pthread_setspecific(first, &first), 0);
	CHECK_RC(pthread_setspecific(second, &second), 0);
	CHECK_RC(pthread_setspecific(again, &again), 0);
	pthread_cleanup_push(cleanup, (void *)(intptr_t)'a');
	pthread_cleanup_push(cleanup, (void *)(intptr_t)'x');
	pthread_cleanup_pop(1);
	leave();
	pthread_cleanup_pop(0);
	return NULL;
}

int main(void)
{
	pthread_t tid;
	void *value;

	CHECK_RC(pthread_key_create(&first, destroy_first), 0);
	CHECK_RC(pthread_key_create(&second, destroy_second), 0);
	CHECK_RC(pthread_key_create(&again, destroy_again), 0);
	CHECK_RC(pthread_create(&tid, NULL, body, NULL), 0);
	CHECK_RC(pthread_join(tid, &value), 0);
	CHECK((intptr_t)value == 42);
	CHECK(strcmp(trail, "xba12") == 0);
	CHECK(rounds == PTHREAD_DESTRUCTOR_ITERATIONS);
	return check_done(__FILE__);
}
