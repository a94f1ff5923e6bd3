/*
 * Condition variables without time-outs: ping-pong by signal, a bounded queue with two conditions,
 * broadcast to many waiters, signal with nobody waiting.
 */
#include <pthread.h>
#include "tests/targets/check.h"

enum { ROUNDS = 40, SLOTS = 3, ITEMS = 60, WAITERS = 6 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t opened;
static int turn, used, slot[SLOTS], sum, is_open, passed;

static void *player(void *me)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		while (turn != *(int *)me)
			CHECK_RC(pthread_cond_wait(&turn_changed, &lock), 0);
		turn = !turn;
		CHECK_RC(pthread_cond_signal(&turn_changed), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return NULL;
}

static void *producer(void *first)
{
	for (int i = *(int *)first; i < ITEMS; i += 2) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		while (used == SLOTS)
			CHECK_RC(pthread_cond_wait(&not_full, &lock), 0);
		slot[used++] = i;
		CHECK_RC(pthread_cond_signal(&not_empty), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return NULL;
}

static void *consumer(void *unused)
{
	for (int i = 0; i < ITEMS / 2; i++) {
		CHECK_RC(pthread_mutex_lock(&lock), 0);
		while (used == 0)
			CHECK_RC(pthread_cond_wait(&not_empty, &lock), 0);
		sum += slot[--used];
		CHECK_RC(pthread_cond_signal(&not_full), 0);
		CHECK_RC(pthread_mutex_unlock(&lock), 0);
	}
	return unused;
}

static void *waiter(void *unused)
{
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	while (!is_open)
		CHECK_RC(pthread_cond_wait(&opened, &lock), 0);
	passed++;
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	return unused;
}

int main(void)
{
	int number[2] = { 0, 1 };
	pthread_t tid[WAITERS];

	CHECK_RC(pthread_cond_signal(&turn_changed), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, player, &number[i]), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);

	for (int i = 0; i < 4; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, i < 2 ? producer : consumer, &number[i % 2]),
			 0);
	for (int i = 0; i < 4; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(sum == ITEMS * (ITEMS - 1) / 2);

	CHECK_RC(pthread_cond_init(&opened, NULL), 0);
	for (int i = 0; i < WAITERS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, waiter, NULL), 0);
	CHECK_RC(pthread_mutex_lock(&lock), 0);
	is_open = 1;
	CHECK_RC(pthread_cond_broadcast(&opened), 0);
	CHECK_RC(pthread_mutex_unlock(&lock), 0);
	for (int i = 0; i < WAITERS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(passed == WAITERS);
	CHECK_RC(pthread_cond_destroy(&opened), 0);
	return check_done(__FILE__);
}
