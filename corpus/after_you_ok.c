/*
 * after_you.c put right: a teller who has the stamp uses it first and passes it on then.
 * Arguments: threads, padding events.
 */
#include "size.h"

#define NOBODY (-1)

static pthread_mutex_t stamp_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stamp_passed = PTHREAD_COND_INITIALIZER;
static int tellers, holder = NOBODY, *in_need;

/* A colleague who needs the stamp, else nobody. */
static int next_in_need(int me)
{
	for (int i = 1; i <= tellers; i++)
		if (in_need[(me + i) % tellers])
			return (me + i) % tellers;
	return NOBODY;
}

static void *teller(void *need)
{
	int me = (int *)need - in_need;

	size_pad();
	pthread_mutex_lock(&stamp_lock);
	in_need[me] = 1;
	pthread_mutex_unlock(&stamp_lock);
	pthread_mutex_lock(&stamp_lock);
	while (holder != NOBODY && holder != me)
		pthread_cond_wait(&stamp_passed, &stamp_lock);
	in_need[me] = 0;
	holder = next_in_need(me);
	pthread_cond_broadcast(&stamp_passed);
	pthread_mutex_unlock(&stamp_lock);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t *tid = calloc(tellers = size_args(argc, argv, 2), sizeof(*tid));

	in_need = calloc(tellers, sizeof(*in_need));
	for (int i = 0; i < tellers; i++)
		pthread_create(&tid[i], NULL, teller, &in_need[i]);
	for (int i = 0; i < tellers; i++)
		pthread_join(tid[i], NULL);
	free(in_need);
	free(tid);
	return 0;
}
