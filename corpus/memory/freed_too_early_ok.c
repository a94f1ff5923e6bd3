/*
 * As freed_too_early.c, but old configurations are freed when all threads have ended.
 * Arguments: threads, padding events.
 */
#include "../size.h"

struct config {
	int value;
	struct config *old;
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

	fresh->old = current;
	while (!__atomic_compare_exchange_n(&current, &fresh->old, fresh, 0, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		;
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
	while (current) {
		struct config *old = current->old;

		free(current);
		current = old;
	}
	free(tid);
	return 0;
}
