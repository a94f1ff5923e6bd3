/*
 * Exceptions around blocking operations: unwinding that unlocks, an exception that travels to
 * another thread, one thrown inside a wait's predicate, and a cancelled thread that unwinds.
 */
#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <stdexcept>
#include <string>
#include <thread>
#include "tests/targets/check.h"

static std::mutex lock;
static std::condition_variable changed;
static sem_t inside, never;
static int unwound;

struct Witness {
	~Witness()
	{
		unwound++;
	}
};

static int thrower(int depth)
{
	Witness witness;
	std::lock_guard guard(lock);

	if (depth > 0)
		throw std::runtime_error("depth " + std::to_string(depth));
	return 0;
}

static void *waits_for_ever(void *)
{
	Witness witness;

	sem_post(&inside);
	sem_wait(&never);
	return nullptr;
}

int main()
{
	for (int i = 1; i <= 3; i++) {
		auto result = std::async(std::launch::async, thrower, i);

		try {
			result.get();
			CHECK(!"an exception arrives");
		} catch (const std::runtime_error &error) {
			CHECK(error.what() == "depth " + std::to_string(i));
		}
	}
	CHECK(unwound == 3);

	std::exception_ptr carried;
	std::thread([&] {
		try {
			std::unique_lock guard(lock);
			changed.wait(guard, []() -> bool { throw 17; });
		} catch (...) {
			carried = std::current_exception();
		}
	}).join();
	try {
		std::rethrow_exception(carried);
	} catch (int number) {
		CHECK(number == 17);
	}
	CHECK(lock.try_lock());
	lock.unlock();

	std::promise<void> promise;
	auto broken = promise.get_future();
	{
		std::promise<void> dies(std::move(promise));
	}
	try {
		broken.get();
		CHECK(!"the promise is broken");
	} catch (const std::future_error &error) {
		CHECK(error.code() == std::future_errc::broken_promise);
	}

	pthread_t tid;
	void *value;

	CHECK(sem_init(&inside, 0, 0) == 0 && sem_init(&never, 0, 0) == 0);
	CHECK_RC(pthread_create(&tid, NULL, waits_for_ever, NULL), 0);
	while (sem_wait(&inside) == -1)
		CHECK(errno == EINTR);
	CHECK_RC(pthread_cancel(tid), 0);
	CHECK_RC(pthread_join(tid, &value), 0);
	CHECK(value == PTHREAD_CANCELED && unwound == 4);
	return check_done(__FILE__);
}
