// A thread pool with futures. BUG: stop() sets the flag without the lock: a worker that has just
// looked at it misses the notification, and join waits for ever.
#include <condition_variable>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>
class Pool {
	std::mutex mutex;
	std::condition_variable wake;
	std::queue<std::function<void()>> tasks;
	std::vector<std::thread> workers;
	std::atomic<bool> stopping{false};
	void work()
	{
		for (;;) {
			std::function<void()> task;
			{
				std::unique_lock<std::mutex> lock(mutex);
				wake.wait(lock, [this] { return stopping || !tasks.empty(); });
				if (tasks.empty())
					return;
				task = std::move(tasks.front());
				tasks.pop();
			}
			task();
		}
	}
public:
	explicit Pool(int n) { while (n--) workers.emplace_back([this] { work(); }); }
	template <class F> auto submit(F f) -> std::future<decltype(f())>
	{
		auto task = std::make_shared<std::packaged_task<decltype(f())()>>(f);
		auto result = task->get_future();
		{
			std::lock_guard<std::mutex> lock(mutex);
			tasks.emplace([task] { (*task)(); });
		}
		wake.notify_one();
		return result;
	}
	~Pool()
	{
#ifdef BUG
		stopping = true;
#else
		{
			std::lock_guard<std::mutex> lock(mutex);
			stopping = true;
		}
#endif
		wake.notify_all();
		for (auto &worker : workers)
			worker.join();
	}
};
int main()
{
	Pool pool(2);
	std::vector<std::future<int>> results;
	for (int i = 0; i < 4; i++)
		results.push_back(pool.submit([i] { return i * i; }));
	int sum = 0;
	for (auto &result : results)
		sum += result.get();
	return sum != 14;
}
