// An asynchronous logger: a thread writes what others have queued. BUG: the writer looks at `done`
// before it empties the queue, so lines logged last are lost.
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include <atomic>
class Logger {
	std::mutex mutex;
	std::condition_variable wake;
	std::vector<std::string> queued;
	bool done = false;
	std::thread writer{ [this] { write(); } };
	void write()
	{
		for (;;) {
			std::unique_lock<std::mutex> lock(mutex);
			wake.wait(lock, [this] { return done || !queued.empty(); });
#ifdef BUG
			if (done)
				return;
#else
			if (done && queued.empty())
				return;
#endif
			std::vector<std::string> lines;
			lines.swap(queued);
			lock.unlock();
			written += lines.size();
		}
	}
public:
	size_t written = 0;
	void log(std::string line)
	{
		std::lock_guard<std::mutex> lock(mutex);
		queued.push_back(std::move(line));
		wake.notify_one();
	}
	void close()
	{
		{
			std::lock_guard<std::mutex> lock(mutex);
			done = true;
		}
		wake.notify_one();
		writer.join();
	}
};
int main()
{
	Logger logger;
	std::thread one([&] { logger.log("one"); logger.log("two"); });
	logger.log("three");
	one.join();
	logger.close();
	assert(logger.written == 3);
}
