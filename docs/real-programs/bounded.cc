// A bounded buffer. BUG: one condition variable for both sides and notify_one: the wake-up goes to
// the wrong side.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>
template <class T> class Bounded {
	std::mutex mutex;
#ifdef BUG
	std::condition_variable changed;
	std::condition_variable &not_full = changed, &not_empty = changed;
#else
	std::condition_variable not_full, not_empty;
#endif
	std::deque<T> items;
	size_t room;
public:
	explicit Bounded(size_t n) : room(n) {}
	void put(T item)
	{
		std::unique_lock<std::mutex> lock(mutex);
		not_full.wait(lock, [this] { return items.size() < room; });
		items.push_back(item);
		not_empty.notify_one();
	}
	T take()
	{
		std::unique_lock<std::mutex> lock(mutex);
		not_empty.wait(lock, [this] { return !items.empty(); });
		T item = items.front();
		items.pop_front();
		not_full.notify_one();
		return item;
	}
};
int main()
{
	Bounded<int> buffer(1);
	std::vector<std::thread> threads;
	for (int i = 0; i < 2; i++)
		threads.emplace_back([&] { for (int n = 0; n < 2; n++) buffer.put(n); });
	for (int i = 0; i < 2; i++)
		threads.emplace_back([&] { for (int n = 0; n < 2; n++) buffer.take(); });
	for (auto &thread : threads)
		thread.join();
}
