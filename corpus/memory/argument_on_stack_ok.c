/*
 * As argument_on_stack.c, but the job lives as long as the program.
 * Arguments: threads, padding events.
 */
#include "../size.h"

struct job {
	int number;
};

static pthread_t *tid;
static int done;

static void *worker(void *argument)
{
	struct job *job = argument;

	size_pad();
	__atomic_add_fetch(&done, job->number, __ATOMIC_SEQ_CST);
	return NULL;
}

static void start(int threads)
{
	static struct job job = { 5 };

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, worker, &job);
	while (__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 0)
		;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 3) - 1;

	tid = calloc(threads, sizeof(*tid));
	start(threads);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
