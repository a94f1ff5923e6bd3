/*
 * A hundred thousand mutexes (or as many as the argument says), each initialised, locked by two
 * threads, and destroyed.
 */
#include <pthread.h>
#include "tests/targets/check.h"

struct cell {
	pthread_mutex_t lock;
	int value;
};

static struct cell *cells;
static int count;

static void *add(void *unused)
{
	for (int i = 0; i < count; i++) {
		CHECK_RC(pthread_mutex_lock(&cells[i].lock), 0);
		cells[i].value++;
		CHECK_RC(pthread_mutex_unlock(&cells[i].lock), 0);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t tid[2];

	count = argc > 1 ? atoi(argv[1]) : 100000;
	cells = calloc((size_t)count, sizeof(*cells));
	CHECK(cells);
	for (int i = 0; i < count; i++)
		CHECK_RC(pthread_mutex_init(&cells[i].lock, NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, add, NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	for (int i = 0; i < count; i++) {
		CHECK(cells[i].value == 2);
		CHECK_RC(pthread_mutex_destroy(&cells[i].lock), 0);
	}
	free(cells);
	return check_done(__FILE__);
}
