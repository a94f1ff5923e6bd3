/*
 * Throughput: eight threads, sixteen mutexes, forty call sites. The argument is the number of
 * operations (lock or unlock) of each thread, default 1000; which mutex and which site comes next
 * is a fixed pseudo-random sequence of each thread.
 */
#include <pthread.h>
#include <stdint.h>
#include "tests/targets/check.h"

enum { THREADS = 8, LOCKS = 16, SITES = 40 };

static struct {
	pthread_mutex_t lock;
	long count;
} cells[LOCKS];

static long operations;

/* clang-format off */
#define SITE(number)                                                                               \
	static void site_##number(unsigned int cell)                                               \
	{                                                                                          \
		CHECK_RC(pthread_mutex_lock(&cells[cell].lock), 0);                                \
		cells[cell].count++;                                                               \
		CHECK_RC(pthread_mutex_unlock(&cells[cell].lock), 0);                              \
	}

SITE(0)
SITE(1)
SITE(2)
SITE(3)
SITE(4)
SITE(5)
SITE(6)
SITE(7)
SITE(8)
SITE(9)
SITE(10)
SITE(11)
SITE(12)
SITE(13)
SITE(14)
SITE(15)
SITE(16)
SITE(17)
SITE(18)
SITE(19)
SITE(20)
SITE(21)
SITE(22)
SITE(23)
SITE(24)
SITE(25)
SITE(26)
SITE(27)
SITE(28)
SITE(29)
SITE(30)
SITE(31)
SITE(32)
SITE(33)
SITE(34)
SITE(35)
SITE(36)
SITE(37)
SITE(38)
SITE(39)

static void (*const sites[SITES])(unsigned int) = {
	site_0,
	site_1,
	site_2,
	site_3,
	site_4,
	site_5,
	site_6,
	site_7,
	site_8,
	site_9,
	site_10,
	site_11,
	site_12,
	site_13,
	site_14,
	site_15,
	site_16,
	site_17,
	site_18,
	site_19,
	site_20,
	site_21,
	site_22,
	site_23,
	site_24,
	site_25,
	site_26,
	site_27,
	site_28,
	site_29,
	site_30,
	site_31,
	site_32,
	site_33,
	site_34,
	site_35,
	site_36,
	site_37,
	site_38,
	site_39,
};
/* clang-format on */

static void *body(void *seed)
{
	uint64_t state = (uintptr_t)seed;

	for (long i = 0; i < operations; i += 2) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		sites[(state >> 33) % SITES]((unsigned int)(state >> 48) % LOCKS);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t tid[THREADS];
	long sum = 0;

	operations = argc > 1 ? atol(argv[1]) : 1000;
	for (int i = 0; i < LOCKS; i++)
		CHECK_RC(pthread_mutex_init(&cells[i].lock, NULL), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK_RC(pthread_create(&tid[i], NULL, body, (void *)(i + 1)), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_RC(pthread_join(tid[i], NULL), 0);
	for (int i = 0; i < LOCKS; i++)
		sum += cells[i].count;
	CHECK(sum == THREADS * ((operations + 1) / 2));
	return check_done(__FILE__);
}
