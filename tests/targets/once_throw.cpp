/*
 * Initialisers that throw: call_once and pthread_once run them again, also when they are nested, and
 * an exception that stays inside of an initialiser leaves it done. pthread_exit from one, too.
 */
#include <atomic>
#include <mutex>
#include <pthread.h>
#include <stdexcept>
#include <thread>
#include <vector>
#include "tests/targets/check.h"

static std::once_flag flag, inner_flag;
static std::atomic<int> tries, caught, inner_runs, unwound;
static pthread_once_t plain = PTHREAD_ONCE_INIT, outer = PTHREAD_ONCE_INIT;
static pthread_once_t inner = PTHREAD_ONCE_INIT, leaving = PTHREAD_ONCE_INIT;
static int plain_tries, outer_runs, inner_tries, leaving_tries;

struct Counted {
	~Counted()
	{
		unwound++;
	}
};

static void init()
{
	Counted counted;

	if (++tries == 4)
		return;
	std::call_once(inner_flag, [] {
		std::this_thread::yield();
		inner_runs++;
	});
	std::this_thread::yield();
	throw std::runtime_error("again");
}

static void init_plain()
{
	if (++plain_tries < 3)
		throw 7;
}

static void init_inner()
{
	if (++inner_tries < 2)
		throw 1;
}

static void init_outer()
{
	try {
		pthread_once(&inner, init_inner);
	} catch (int) {
	}
	outer_runs++;
}

static void init_leaving()
{
	if (++leaving_tries == 1)
		pthread_exit(reinterpret_cast<void *>(9));
}

static void *leave(void *)
{
	pthread_once(&leaving, init_leaving);
	return reinterpret_cast<void *>(1);
}

static void everything()
{
	for (bool again = true; again;)
		try {
			std::call_once(flag, init);
			again = false;
		} catch (const std::runtime_error &) {
			caught++;
		}
	CHECK(tries == 4);
	for (bool again = true; again;)
		try {
			pthread_once(&plain, init_plain);
			again = false;
		} catch (int) {
		}
	CHECK(plain_tries == 3);
	pthread_once(&outer, init_outer);
	CHECK(outer_runs == 1);
}

int main()
{
	std::vector<std::thread> pool;
	void *value[2];
	pthread_t tid[2];

	for (int i = 0; i < 6; i++)
		pool.emplace_back(everything);
	for (auto &thread : pool)
		thread.join();
	CHECK(tries == 4 && caught == 3 && inner_runs == 1 && unwound == 4);
	CHECK(inner_tries == 1);
	pthread_once(&inner, init_inner);
	CHECK(inner_tries == 2);
	for (auto &t : tid)
		CHECK_RC(pthread_create(&t, NULL, leave, NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_RC(pthread_join(tid[i], &value[i]), 0);
	CHECK(reinterpret_cast<long>(value[0]) + reinterpret_cast<long>(value[1]) == 10);
	CHECK(leaving_tries == 2);
	return check_done(__FILE__);
}
