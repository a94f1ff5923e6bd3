/*
 * Guards of static locals: contended initialisation, an initialiser that throws the first time, one
 * that initialises another, and thread_local objects with destructors.
 */
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>
#include "tests/targets/check.h"

static std::atomic<int> built, attempts, destroyed;

struct Slow {
	int value;

	Slow()
	{
		std::this_thread::yield();
		value = ++built;
	}
};

struct Fragile {
	int value = 9;

	Fragile()
	{
		int attempt = ++attempts;

		std::this_thread::yield();
		if (attempt == 1)
			throw std::runtime_error("first attempt");
	}
};

struct Local {
	int uses = 0;

	~Local()
	{
		CHECK(uses == 2);
		destroyed++;
	}
};

static Slow &slow()
{
	static Slow instance;

	return instance;
}

static int through_another()
{
	static int value = slow().value + 1;

	return value;
}

static int fragile()
{
	static Fragile instance;

	return instance.value;
}

static thread_local Local local;

int main()
{
	constexpr int threads = 6;
	std::atomic<int> thrown{0};
	std::vector<std::thread> pool;

	for (int i = 0; i < threads; i++)
		pool.emplace_back([&] {
			local.uses++;
			CHECK(through_another() == 2);
			CHECK(slow().value == 1);
			try {
				CHECK(fragile() == 9);
			} catch (const std::runtime_error &) {
				thrown++;
			}
			local.uses++;
		});
	for (auto &thread : pool)
		thread.join();
	CHECK(built == 1);
	CHECK(thrown == 1 && attempts == 2);
	CHECK(destroyed == threads);
	return check_done(__FILE__);
}
