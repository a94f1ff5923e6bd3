/*
 * C++ objects whose addresses are used again without any call at birth or death: std::mutex has no
 * init and no destroy. On the heap, on the stack of functions called in turn, in a vector that moves,
 * and threads whose stacks are used again.
 */
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>
#include "tests/targets/check.h"

struct Account {
	std::mutex lock;
	std::condition_variable changed;
	int balance = 0;
};

static int transfer(int amount)
{
	Account local;
	std::thread depositor([&] {
		std::lock_guard guard(local.lock);
		local.balance += amount;
		local.changed.notify_one();
	});
	{
		std::unique_lock guard(local.lock);
		local.changed.wait(guard, [&] { return local.balance != 0; });
	}
	depositor.join();
	return local.balance;
}

static int other_frame(int amount)
{
	std::mutex first, second;
	int value = 0;

	std::thread([&] {
		std::scoped_lock both(first, second);
		value = amount;
	}).join();
	std::scoped_lock both(second, first);
	return value;
}

int main()
{
	int sum = 0;

	for (int i = 1; i <= 10; i++) {
		sum += transfer(i);
		sum += other_frame(i);
	}
	CHECK(sum == 110);

	std::vector<std::unique_ptr<Account>> accounts;
	std::mutex lock;
	std::vector<std::thread> pool;

	for (int t = 0; t < 4; t++)
		pool.emplace_back([&] {
			for (int i = 0; i < 25; i++) {
				auto mine = std::make_unique<Account>();
				{
					std::lock_guard guard(mine->lock);
					mine->balance = i;
				}
				std::lock_guard guard(lock);
				accounts.push_back(std::move(mine));
				if (accounts.size() > 5)
					accounts.erase(accounts.begin());
			}
		});
	for (auto &thread : pool)
		thread.join();
	CHECK(accounts.size() == 5);
	return check_done(__FILE__);
}
