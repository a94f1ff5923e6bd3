/*
 * The tellers are detached, so nobody joins them: main counts who has booked, then gives the ledger
 * away. A teller who has been counted but still has to book its fee finds no ledger.
 * Arguments: threads (tellers), padding events.
 */
#include <assert.h>
#include "size.h"

static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_booked = PTHREAD_COND_INITIALIZER;
static int *ledger, booked;

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&ledger_lock);
	*ledger += 10;
	booked++;
	pthread_cond_signal(&one_booked);
	pthread_mutex_unlock(&ledger_lock);
	pthread_mutex_lock(&ledger_lock);
	assert(ledger);
	*ledger -= 1;
	pthread_mutex_unlock(&ledger_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 1);
	pthread_t tid;

	ledger = calloc(1, sizeof(*ledger));
	for (int i = 0; i < threads; i++) {
		pthread_create(&tid, NULL, teller, NULL);
		pthread_detach(tid);
	}
	pthread_mutex_lock(&ledger_lock);
	while (booked < threads)
		pthread_cond_wait(&one_booked, &ledger_lock);
	free(ledger);
	ledger = NULL;
	pthread_mutex_unlock(&ledger_lock);
	pthread_exit(NULL);
}
