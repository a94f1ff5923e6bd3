/*
 * A function gives back a pointer to a static buffer, as inet_ntoa(3) does: another thread's
 * call changes what it holds.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static const char *name_of(int number)
{
	static char buffer[2];

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
