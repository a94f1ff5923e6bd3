/*
 * Peterson's lock for two threads, with its two stores in the wrong order: both may enter.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static int wants[2], turn, inside;

static void *visitor(void *number)
{
	int me = (int)(long)number, other = 1 - me;

	size_pad();
	turn = other;
	wants[me] = 1;
	while (wants[other] && turn == other)
		;
	assert(inside == 0);
	inside = 1;
	inside = 0;
	wants[me] = 0;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t tid[2];

	size_args(argc, argv, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&tid[i], NULL, visitor, (void *)(long)i);
	for (int i = 0; i < 2; i++)
		pthread_join(tid[i], NULL);
	return 0;
}
