/*
 * As peterson_swapped.c, but each thread says that it wants to before it lets the other go
 * first.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static int wants[2], turn, inside;

static void *visitor(void *number)
{
	int me = (int)(long)number, other = 1 - me;

	size_pad();
	wants[me] = 1;
	turn = other;
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
