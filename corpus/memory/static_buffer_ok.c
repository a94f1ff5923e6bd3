/*
 * As static_buffer.c, but each thread has a buffer.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static const char *name_of(int number)
{
	static __thread char buffer[2];

	buffer[0] = (char)('a' + number);
	return buffer;
}

static void *caller(void *argument)
{
	int number = (int)(long)argument % 26;

	size_pad();
	assert(*name_of(number) == 'a' + number);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, caller, (void *)(long)i);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
