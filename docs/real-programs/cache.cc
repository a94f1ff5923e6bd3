// A read-mostly cache with a shared_mutex. BUG: what was not found under the read lock is computed
// and inserted without looking again: two threads compute the same value.
#include <cassert>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>
#include <string>
class Cache {
	std::shared_mutex mutex;
	std::map<int, std::string> values;
public:
	int computed = 0;
	std::string get(int key)
	{
		{
			std::shared_lock<std::shared_mutex> lock(mutex);
			auto found = values.find(key);
			if (found != values.end())
				return found->second;
		}
		std::unique_lock<std::shared_mutex> lock(mutex);
#ifndef BUG
		auto found = values.find(key);
		if (found != values.end())
			return found->second;
#endif
		computed++;
		return values[key] = std::to_string(key * key);
	}
};
int main()
{
	Cache cache;
	std::vector<std::thread> threads;
	for (int i = 0; i < 3; i++)
		threads.emplace_back([&] { cache.get(7); cache.get(8); });
	for (auto &thread : threads)
		thread.join();
	assert(cache.computed == 2);
}
