/*
 * As safe_stack.c, but under a lock.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static pthread_mutex_t stack_lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	int value, next;
} items[3] = { { 0, 1 }, { 0, 2 }, { 0, -1 } };
static int count = 3, head;

static int pop(void)
{
	int first = -1;

	pthread_mutex_lock(&stack_lock);
	if (count > 1) {
		first = head;
		head = items[first].next;
		count--;
	}
	pthread_mutex_unlock(&stack_lock);
	return first;
}

static void push(int index)
{
	pthread_mutex_lock(&stack_lock);
	items[index].next = head;
	head = index;
	count++;
	pthread_mutex_unlock(&stack_lock);
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
