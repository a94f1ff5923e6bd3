/*
 * A pool of workers makes transfers; each transfer has a receipt printed by the same pool and waits
 * for it. When every worker waits for a receipt, nobody is left to print one.
 * Arguments: threads (workers, as many transfers), padding events.
 */
#include "size.h"

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pool_changed = PTHREAD_COND_INITIALIZER;
static int transfers, transferred, receipts, printed, workers;

static void transfer(void)
{
	pthread_mutex_lock(&pool_lock);
	int mine = ++receipts;
	pthread_cond_broadcast(&pool_changed);
	while (printed < mine)
		pthread_cond_wait(&pool_changed, &pool_lock);
	transferred++;
	pthread_cond_broadcast(&pool_changed);
	pthread_mutex_unlock(&pool_lock);
}

static void *worker(void *unused)
{
	size_pad();
	pthread_mutex_lock(&pool_lock);
	while (transferred < workers) {
		if (printed < receipts) {
			printed++;
			pthread_cond_broadcast(&pool_changed);
		} else if (transfers > 0) {
			transfers--;
			pthread_mutex_unlock(&pool_lock);
			transfer();
			pthread_mutex_lock(&pool_lock);
		} else {
			pthread_cond_wait(&pool_changed, &pool_lock);
		}
	}
	pthread_mutex_unlock(&pool_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	workers = transfers = threads;
	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, worker, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
