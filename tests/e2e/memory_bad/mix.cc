/*
 * What a compiler's instrumentation may stumble over: exceptions and longjmp through instrumented
 * frames, a signal handler, destructors of thread-local variables, and libstdc++, which is not
 * instrumented. Ends with "fine" in every schedule.
 */
#include <atomic>
#include <cassert>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static int plain;
static std::atomic<int> ended;
static std::mutex table_lock;
static std::map<std::string, int> table;
static volatile sig_atomic_t handled;

struct Local {
	int number = 0;
	~Local()
	{
		ended += number > 0;
	}
};

static thread_local Local local;

static void handler(int)
{
	handled = handled + 1;
	plain++;
}

static void deep(int n)
{
	if (n == 0)
		throw std::runtime_error("deep");
	plain += n;
	deep(n - 1);
}

static void body(int id)
{
	local.number = id + 1;
	for (int i = 0; i < 3; i++) {
		jmp_buf here;
		volatile int seen = 0;
		auto numbers = std::make_shared<std::vector<int>>(10);

		try {
			deep(3);
		} catch (const std::exception &error) {
			std::lock_guard<std::mutex> guard(table_lock);
			table[error.what()]++;
		}
		if (!setjmp(here)) {
			seen = plain;
			longjmp(here, 1);
		}
		plain = seen + 1;
		(*numbers)[i] = id;
		raise(SIGUSR1);
	}
}

int main()
{
	std::vector<std::thread> threads;

	signal(SIGUSR1, handler);
	for (int i = 0; i < 3; i++)
		threads.emplace_back(body, i);
	for (auto &thread : threads)
		thread.join();
	assert(table["deep"] == 9);
	assert(ended == 3);
	puts("fine");
}
