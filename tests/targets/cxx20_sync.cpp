/*
 * C++20: atomic wait and notify, latch, barrier with completion, counting_semaphore, jthread with
 * stop_token and condition_variable_any.
 */
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <latch>
#include <semaphore>
#include <thread>
#include <vector>
#include "tests/targets/check.h"

static void atomic_wait()
{
	std::atomic<int> turn{0};
	std::atomic<long long> wide{0}; /* has no futex of its size: a proxy is waited on */
	std::atomic_flag flag;
	std::jthread other([&] {
		for (int i = 0; i < 20; i++) {
			turn.wait(2 * i);
			CHECK(turn == 2 * i + 1);
			turn = 2 * i + 2;
			turn.notify_one();
		}
		flag.wait(false);
		wide = 1;
		wide.notify_all();
	});

	for (int i = 0; i < 20; i++) {
		turn = 2 * i + 1;
		turn.notify_one();
		turn.wait(2 * i + 1);
	}
	flag.test_and_set();
	flag.notify_all();
	wide.wait(0);
	CHECK(wide == 1);
}

static void rendezvous()
{
	constexpr int threads = 4, rounds = 10;
	std::atomic<int> arrived{0};
	int phases = 0;
	std::latch started(threads + 1), finished(threads);
	std::barrier phase(threads, [&]() noexcept {
		phases++;
		if (arrived != phases * threads)
			check_failed(__FILE__, __LINE__, "all have arrived", 0);
	});
	std::vector<std::jthread> pool;

	for (int i = 0; i < threads; i++)
		pool.emplace_back([&] {
			started.arrive_and_wait();
			for (int round = 0; round < rounds; round++) {
				arrived++;
				phase.arrive_and_wait();
			}
			finished.count_down();
		});
	CHECK(arrived == 0);
	started.arrive_and_wait();
	finished.wait();
	CHECK(phases == rounds);
}

static void semaphores(std::chrono::milliseconds second)
{
	std::counting_semaphore<8> slots(2);
	std::binary_semaphore done(0);
	std::atomic<int> inside{0}, visits{0};
	std::vector<std::jthread> pool;

	for (int i = 0; i < 5; i++)
		pool.emplace_back([&] {
			for (int n = 0; n < 10; n++) {
				slots.acquire();
				CHECK(++inside <= 2);
				std::this_thread::yield();
				inside--;
				if (++visits == 50)
					done.release();
				slots.release();
			}
		});
	done.acquire();
	CHECK(visits == 50);
	CHECK(!done.try_acquire());
	CHECK(!done.try_acquire_for(second));
}

static void stopping()
{
	std::condition_variable_any changed;
	std::mutex lock;
	std::atomic<bool> told{false};
	bool stopped = false;
	{
		std::jthread worker([&](std::stop_token token) {
			std::stop_callback callback(token, [&] { told = true; });
			std::unique_lock guard(lock);

			CHECK(!changed.wait(guard, token, [] { return false; }));
			stopped = true;
		});
	} /* the destructor asks to stop and joins */
	CHECK(stopped && told);
}

int main(int argc, char **argv)
{
	atomic_wait();
	rendezvous();
	semaphores(std::chrono::milliseconds(check_second(argc, argv)));
	stopping();
	return check_done(__FILE__);
}
