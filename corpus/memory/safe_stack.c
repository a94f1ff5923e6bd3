/*
 * SafeStack (Vyukov): an index stack without locks for three threads, in which two may pop the
 * same element after at least six particular steps in turn.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

#define LOAD(at) __atomic_load_n(at, __ATOMIC_SEQ_CST)

static struct {
	int value, next;
} items[3] = { { 0, 1 }, { 0, 2 }, { 0, -1 } };
static int count = 3, head;

static int pop(void)
{
	while (LOAD(&count) > 1) {
		int first = LOAD(&head);
		int next = __atomic_exchange_n(&items[first].next, -1, __ATOMIC_SEQ_CST);

		if (next < 0)
			continue;
		if (__sync_bool_compare_and_swap(&head, first, next)) {
			__sync_fetch_and_sub(&count, 1);
			return first;
		}
		__atomic_exchange_n(&items[first].next, next, __ATOMIC_SEQ_CST);
	}
	return -1;
}

static void push(int index)
{
	int first = LOAD(&head);

	do
		__atomic_store_n(&items[index].next, first, __ATOMIC_SEQ_CST);
	while (!__atomic_compare_exchange_n(&head, &first, index, 0, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST));
	__sync_fetch_and_add(&count, 1);
}

static void *user(void *number)
{
	size_pad();
	for (int i = 0; i < 2; i++) {
		int index = pop();

		if (index < 0)
			continue;
		items[index].value = (int)(long)number;
		assert(items[index].value == (int)(long)number);
		push(index);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 3);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, user, (void *)(long)i);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
