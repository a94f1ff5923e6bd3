/*
 * A stack without locks whose nodes are used again: between the look at the top and the exchange
 * another thread has popped two nodes and pushed the first one back, so the exchange succeeds
 * with a wrong next.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

#define CAS(at, was, is) __sync_bool_compare_and_swap(at, was, is)

static struct node {
	struct node *next;
	int taken;
} nodes[3] = { { &nodes[1], 0 }, { &nodes[2], 0 }, { NULL, 0 } }, *top = &nodes[0];

static struct node *pop(void)
{
	struct node *node, *next;

	do {
		node = top;
		if (!node)
			return NULL;
		next = node->next;
	} while (!CAS(&top, node, next));
	assert(__sync_fetch_and_add(&node->taken, 1) == 0);
	return node;
}

static void push(struct node *node)
{
	__sync_fetch_and_sub(&node->taken, 1);
	do
		node->next = top;
	while (!CAS(&top, node->next, node));
}

static void *popper(void *unused)
{
	size_pad();
	pop();
	pop();
	return unused;
}

static void *recycler(void *unused)
{
	size_pad();
	struct node *first = pop();

	pop();
	if (first)
		push(first);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = size_args(argc, argv, 2);
	pthread_t *tid = calloc(threads, sizeof(*tid));

	for (int i = 0; i < threads; i++)
		pthread_create(&tid[i], NULL, i ? recycler : popper, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(tid[i], NULL);
	free(tid);
	return 0;
}
