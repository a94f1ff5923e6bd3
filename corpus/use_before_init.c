/*
 * main starts the tellers and hangs up the rates then. A teller who is quicker than main finds
 * none.
 * Arguments: threads (tellers), padding events.
 */
#include "size.h"

struct rates {
	int dollar, euro;
};

static pthread_mutex_t board_lock = PTHREAD_MUTEX_INITIALIZER;
static struct rates *board;
static int till;

static void *teller(void *unused)
{
	size_pad();
	pthread_mutex_lock(&board_lock);
	till += board->dollar;
	pthread_mutex_unlock(&board_lock);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 1);
	pthread_t *tid = calloc(threads, sizeof(*tid));
	struct rates today = { 110, 100 };

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, teller, NULL);
	pthread_mutex_lock(&board_lock);
	board = &today;
	pthread_mutex_unlock(&board_lock);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
