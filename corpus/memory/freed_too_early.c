/*
 * A reader takes the current configuration, and reads its value; a thread that has put a new one
 * in its place frees the old one, which the reader may still be using.
 * Arguments: threads, padding events.
 */
#include "../size.h"

struct config {
	int value;
};

static struct config *current;
static int seen;

static void *reader(void *unused)
{
	size_pad();
	struct config *mine = __atomic_load_n(&current, __ATOMIC_SEQ_CST);

	seen = mine->value;
	return unused;
}

static void *updater(void *unused)
{
	size_pad();
	struct config *fresh = calloc(1, sizeof(*fresh));

	fresh = __atomic_exchange_n(&current, fresh, __ATOMIC_SEQ_CST);
	free(fresh);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	current = calloc(1, sizeof(*current));
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? updater : reader, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(current);
	free(tid);
	return 0;
}
