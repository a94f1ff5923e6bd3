/*
 * Built with AddressSanitizer, whose run-time library insists on being loaded first: threads, locks
 * and memory. With the argument `bug` a thread uses memory after it was freed.
 */
#include <pthread.h>
#include "tests/targets/check.h"

enum { THREADS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int *volatile cell;
static int use_after_free;

static void *body(void *unused)
{
	for (int i = 0; i < 20; i++) {
		int *mine = malloc(sizeof(*mine));

		CHECK(mine);
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		*mine = *cell + 1;
		if (!use_after_free)
			free(cell);
		cell = mine;
		if (use_after_free)
			free(mine);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t tid[THREADS];

	use_after_free = argc > 1 && strcmp(argv[1], "bug") == 0;
	cell = calloc(1, sizeof(*cell));
	CHECK(cell);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(*cell == THREADS * 20);
	free(cell);
	return check_done(__FILE__);
}
