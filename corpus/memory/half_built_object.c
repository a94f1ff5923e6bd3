/*
 * Double-checked locking: the object is published before its member is set, so a thread that
 * finds it without the lock may find it half built.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

struct table {
	int size;
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct table only, *table;

static struct table *get(void)
{
	if (!table) {
		pthread_mutex_lock(&table_lock);
		if (!table) {
			table = &only;
			table->size = 8;
		}
		pthread_mutex_unlock(&table_lock);
	}
	return table;
}

static void *user(void *unused)
{
	size_pad();
	assert(get()->size == 8);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, user, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
