/*
 * The C++11 to C++17 thread library: thread, mutexes of every kind, lock of several, shared_mutex,
 * condition_variable and _any, call_once, async, packaged_task, promise and shared_future.
 */
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <numeric>
#include <queue>
#include <shared_mutex>
#include <thread>
#include <vector>
#include "tests/targets/check.h"

using namespace std::chrono_literals;

static std::mutex lock_a, lock_b;
static std::recursive_mutex nested;
static std::timed_mutex timed;
static std::shared_mutex shared;
static std::shared_timed_mutex shared_timed;
static std::once_flag once;
static int a, b, depth, value, runs;

template <typename Body> static void in_threads(int count, Body body)
{
	std::vector<std::thread> pool;

	for (int i = 0; i < count; i++)
		pool.emplace_back(body, i);
	for (auto &thread : pool)
		thread.join();
}

static void mutexes()
{
	in_threads(4, [](int me) {
		for (int i = 0; i < 25; i++) {
			if (me % 2) {
				std::scoped_lock both(lock_a, lock_b);
				a++, b--;
			} else {
				std::unique_lock<std::mutex> second(lock_b, std::defer_lock);
				std::unique_lock<std::mutex> first(lock_a, std::defer_lock);
				std::lock(second, first);
				a--, b++;
			}
			std::lock_guard outer(nested);
			std::lock_guard inner(nested);
			depth++;
		}
		std::call_once(once, [] { runs++; });
	});
	CHECK(a == 0 && b == 0 && depth == 100 && runs == 1);
}

static void shared_mutexes(std::chrono::milliseconds second)
{
	in_threads(4, [](int me) {
		for (int i = 0; i < 25; i++) {
			if (me == 0) {
				std::unique_lock write(shared);
				value++;
				std::this_thread::yield();
				value++;
			} else {
				std::shared_lock read(shared);
				CHECK(value % 2 == 0);
			}
		}
	});
	CHECK(value == 50);

	std::unique_lock hold(timed);
	std::shared_lock hold_shared(shared_timed);
	in_threads(1, [&](int) {
		CHECK(!timed.try_lock());
		CHECK(!timed.try_lock_for(second));
		CHECK(!timed.try_lock_until(std::chrono::system_clock::now() + second));
		CHECK(shared_timed.try_lock_shared_for(second));
		shared_timed.unlock_shared();
		CHECK(!shared_timed.try_lock_for(second));
	});
}

static void conditions(std::chrono::milliseconds second)
{
	std::condition_variable not_empty;
	std::condition_variable_any finished;
	std::queue<int> queue;
	std::shared_mutex any;
	bool done = false;
	int sum = 0;

	std::thread consumer([&] {
		for (int i = 0; i < 20; i++) {
			std::unique_lock guard(lock_a);
			not_empty.wait(guard, [&] { return !queue.empty(); });
			sum += queue.front();
			queue.pop();
		}
		std::unique_lock guard(any);
		done = true;
		finished.notify_all();
	});
	for (int i = 0; i < 20; i++) {
		std::lock_guard guard(lock_a);
		queue.push(i);
		not_empty.notify_one();
	}
	{
		std::shared_lock guard(any);
		finished.wait(guard, [&] { return done; });
	}
	consumer.join();
	CHECK(sum == 190);
	std::unique_lock guard(lock_a);
	CHECK(!not_empty.wait_for(guard, second, [] { return false; }));
	CHECK(!not_empty.wait_until(guard, std::chrono::system_clock::now() + second,
				    [] { return false; }));
}

static void futures(std::chrono::milliseconds second)
{
	std::promise<int> promise, broken;
	std::shared_future<int> result(promise.get_future());

	CHECK(result.wait_for(second) == std::future_status::timeout);
	std::thread reader([result] { CHECK(result.get() == 7); });
	promise.set_value(7);
	reader.join();

	std::vector<std::future<int>> squares;

	for (int i = 0; i < 5; i++)
		squares.push_back(std::async(std::launch::async, [i] { return i * i; }));
	auto lazy = std::async(std::launch::deferred, [] { return 70; });
	int sum = lazy.get();

	for (auto &square : squares)
		sum += square.get();
	CHECK(sum == 100);

	std::packaged_task<int(int)> task([](int x) { return x + 1; });
	auto next = task.get_future();

	std::thread(std::move(task), 41).detach();
	CHECK(next.get() == 42);
}

int main(int argc, char **argv)
{
	std::chrono::milliseconds second(check_second(argc, argv));
	auto before = std::chrono::steady_clock::now();

	mutexes();
	shared_mutexes(second);
	conditions(second);
	futures(second);
	std::this_thread::sleep_for(second);
	std::this_thread::sleep_until(std::chrono::steady_clock::now() + second);
	CHECK(std::chrono::steady_clock::now() - before >= 8 * second - 8ms);
	return check_done(__FILE__);
}
