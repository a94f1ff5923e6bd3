/*
 * An address is changed in two critical sections, first the street and then the town. Two customers
 * who change it at the same time leave the street of one in the town of the other.
 * Arguments: threads, padding events.
 */
#include <stdio.h>
#include "size.h"

static pthread_mutex_t address_lock = PTHREAD_MUTEX_INITIALIZER;
static int street, town;

static void *customer(void *home)
{
	size_pad();
	pthread_mutex_lock(&address_lock);
	street = *(int *)home;
	pthread_mutex_unlock(&address_lock);
	pthread_mutex_lock(&address_lock);
	town = *(int *)home;
	pthread_mutex_unlock(&address_lock);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));
	int *homes = calloc(threads, sizeof(*homes));

	for (int i = 0; i < threads; i++) {
		homes[i] = i + 1;
		pthread_create(&tid[i], NULL, customer, &homes[i]);
	}
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(homes);
	free(tid);
	if (street != town) {
		fprintf(stderr, "address: street of customer %d, town of customer %d\n", street,
			town);
		return 1;
	}
	return 0;
}
