/*
 * C11 <threads.h>: thrd_create, join, detach, exit, yield, sleep; mtx plain, recursive and timed;
 * cnd_wait, timedwait, signal, broadcast; call_once; tss with destructors.
 */
#include <threads.h>
#include "tests/targets/check.h"

enum { THREADS = 4, ROUNDS = 30 };

static mtx_t lock, nested, timed;
static cnd_t changed;
static once_flag once = ONCE_FLAG_INIT;
static tss_t slot;
static int counter, runs, destroyed, turn, detached;

static void init(void)
{
	runs++;
}

static void destroy(void *value)
{
	CHECK(value == &slot);
	CHECK(mtx_lock(&lock) == thrd_success);
	destroyed++;
	CHECK(mtx_unlock(&lock) == thrd_success);
}

static int add(void *unused)
{
	(void)unused;
	call_once(&once, init);
	CHECK(runs == 1);
	CHECK(tss_set(slot, &slot) == thrd_success && tss_get(slot) == &slot);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(mtx_lock(&nested) == thrd_success && mtx_lock(&nested) == thrd_success);
		counter++;
		CHECK(mtx_unlock(&nested) == thrd_success && mtx_unlock(&nested) == thrd_success);
		thrd_yield();
	}
	thrd_exit(17);
}

static int player(void *me)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(mtx_lock(&lock) == thrd_success);
		while (turn != *(int *)me)
			CHECK(cnd_wait(&changed, &lock) == thrd_success);
		turn = !turn;
		CHECK(cnd_signal(&changed) == thrd_success);
		CHECK(mtx_unlock(&lock) == thrd_success);
	}
	return *(int *)me;
}

static int alone(void *unused)
{
	(void)unused;
	CHECK(mtx_lock(&lock) == thrd_success);
	detached = 1;
	CHECK(cnd_broadcast(&changed) == thrd_success);
	CHECK(mtx_unlock(&lock) == thrd_success);
	return 0;
}

static int try_timed(void *second)
{
	struct timespec at = check_after(CLOCK_REALTIME, *(int *)second);

	CHECK(mtx_trylock(&timed) == thrd_busy);
	CHECK(mtx_timedlock(&timed, &at) == thrd_timedout);
	return 0;
}

int main(int argc, char **argv)
{
	int second = check_second(argc, argv), number[2] = { 0, 1 }, value;
	struct timespec at;
	thrd_t tid[THREADS];

	CHECK(mtx_init(&lock, mtx_plain) == thrd_success);
	CHECK(mtx_init(&nested, mtx_plain | mtx_recursive) == thrd_success);
	CHECK(mtx_init(&timed, mtx_timed) == thrd_success);
	CHECK(cnd_init(&changed) == thrd_success && tss_create(&slot, destroy) == thrd_success);
	for (int i = 0; i < THREADS; i++)
		CHECK(thrd_create(&tid[i], add, NULL) == thrd_success);
	for (int i = 0; i < THREADS; i++)
		CHECK(thrd_join(tid[i], &value) == thrd_success && value == 17);
	CHECK(counter == THREADS * ROUNDS && destroyed == THREADS);

	for (int i = 0; i < 2; i++)
		CHECK(thrd_create(&tid[i], player, &number[i]) == thrd_success);
	for (int i = 0; i < 2; i++)
		CHECK(thrd_join(tid[i], &value) == thrd_success && value == i);

	CHECK(mtx_lock(&timed) == thrd_success);
	CHECK(thrd_create(&tid[0], try_timed, &second) == thrd_success);
	CHECK(thrd_join(tid[0], NULL) == thrd_success);
	CHECK(mtx_unlock(&timed) == thrd_success);

	CHECK(mtx_lock(&lock) == thrd_success);
	at = check_after(CLOCK_REALTIME, second);
	while ((value = cnd_timedwait(&changed, &lock, &at)) == thrd_success)
		;
	CHECK(value == thrd_timedout);
	CHECK(thrd_create(&tid[0], alone, NULL) == thrd_success);
	CHECK(thrd_detach(tid[0]) == thrd_success);
	while (!detached)
		CHECK(cnd_wait(&changed, &lock) == thrd_success);
	CHECK(mtx_unlock(&lock) == thrd_success);
	CHECK(thrd_sleep(&(struct timespec){ 0, second * 1000L }, NULL) == 0);
	CHECK(thrd_equal(thrd_current(), thrd_current()));
	return check_done(__FILE__);
}
