/* eventfd: a reader that waits, a writer that waits because the counter is full, semaphore mode. */
#include <pthread.h>
#include <sys/eventfd.h>
#include "tests/targets/check.h"

static int plain, full, counting;

static void *reader(void *unused)
{
	eventfd_t value, sum = 0;

	while (sum < 100) {
		CHECK(eventfd_read(plain, &value) == 0 && value > 0);
		sum += value;
	}
	CHECK(sum == 100);
	CHECK(eventfd_read(full, &value) == 0 && value == 0xfffffffffffffffe);
	return unused;
}

static void *taker(void *count)
{
	eventfd_t value;

	for (int i = 0; i < 10; i++) {
		CHECK(read(counting, &value, sizeof(value)) == sizeof(value) && value == 1);
		++*(int *)count;
	}
	return NULL;
}

int main(void)
{
	pthread_t tid[3];
	eventfd_t value;
	int count[2] = { 0, 0 };

	plain = eventfd(0, EFD_CLOEXEC);
	full = eventfd(0, 0);
	counting = eventfd(0, EFD_SEMAPHORE);
	CHECK(plain >= 0 && full >= 0 && counting >= 0);
	CHECK_RC(pthread_create(&tid[0], NULL, reader, NULL), 0);
	CHECK(eventfd_write(full, 0xfffffffffffffffe) == 0);
	for (int i = 0; i < 100; i++)
		CHECK(eventfd_write(plain, 1) == 0);
	CHECK(eventfd_write(full, 1) == 0); /* waits for the reader */
	CHECK_RC(pthread_join(tid[0], NULL), 0);
	CHECK(eventfd_read(full, &value) == 0 && value == 1);

	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, taker, &count[i]), 0);
	value = 20;
	CHECK(write(counting, &value, sizeof(value)) == sizeof(value));
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	CHECK(count[0] == 10 && count[1] == 10);
	return check_done(__FILE__);
}
