/*
 * As aba_stack.c, but under a lock.
 * Arguments: threads, padding events.
 */
#include <assert.h>
#include "../size.h"

static struct node {
	struct node *next;
	int taken;
} nodes[3] = { { &nodes[1], 0 }, { &nodes[2], 0 }, { NULL, 0 } }, *top = &nodes[0];

static pthread_mutex_t top_lock = PTHREAD_MUTEX_INITIALIZER;

static struct node *pop(void)
{
	struct node *node, *next;

	pthread_mutex_lock(&top_lock);
	node = top;
	next = node ? node->next : NULL;
	top = next;
	if (node)
		assert(node->taken++ == 0);
	pthread_mutex_unlock(&top_lock);
	return node;
}

static void push(struct node *node)
{
	pthread_mutex_lock(&top_lock);
	node->taken--;
	node->next = top;
	top = node;
	pthread_mutex_unlock(&top_lock);
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
