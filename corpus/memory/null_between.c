/*
 * A printer looks whether there is a job, and takes its number; the clerk withdraws the job in
 * between.
 * Arguments: threads, padding events.
 */
#include "../size.h"

static int number = 7, printed;
static int *job = &number;

static void *printer(void *unused)
{
	size_pad();
	if (job)
		printed = *job;
	return unused;
}

static void *clerk(void *unused)
{
	size_pad();
	job = NULL;
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i == threads - 1 ? clerk : printer, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
