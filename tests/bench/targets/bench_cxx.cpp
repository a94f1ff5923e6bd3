/*
 * An ordinary threaded C++ program with work to do and no sleeps: std::thread workers that take
 * pieces of a text from a queue (mutex, condition_variable), count words into sharded maps
 * (shared_mutex), a table made once (call_once), and std::async for the totals. Prints a checksum
 * that does not depend on the schedule. The argument is the number of pieces, default 400.
 */
#include <array>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

constexpr int workers = 2, shards = 16, words_in_piece = 4000;

struct shard {
	std::shared_mutex mutex;
	std::unordered_map<std::string, uint64_t> counts;
};

std::array<shard, shards> table;
std::once_flag made;
std::vector<std::string> dictionary;
std::mutex queue_mutex;
std::condition_variable filled;
std::deque<uint64_t> queue;
bool closed;

void make_dictionary()
{
	for (int i = 0; i < 2000; i++)
		dictionary.push_back("word" + std::to_string(i * 7919 % 2000));
}

void count_piece(uint64_t seed)
{
	std::unordered_map<std::string, uint64_t> here;

	std::call_once(made, make_dictionary);
	for (int i = 0; i < words_in_piece; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		here[dictionary[(seed >> 33) % dictionary.size()]]++;
	}
	for (auto &[word, count] : here) {
		shard &mine = table[std::hash<std::string>{}(word) % shards];
		std::unique_lock lock(mine.mutex);

		mine.counts[word] += count;
	}
}

void work()
{
	for (;;) {
		std::unique_lock lock(queue_mutex);

		filled.wait(lock, [] { return closed || !queue.empty(); });
		if (queue.empty())
			return;
		uint64_t piece = queue.front();
		queue.pop_front();
		lock.unlock();
		count_piece(piece);
	}
}

uint64_t total(shard &one)
{
	std::shared_lock lock(one.mutex);
	uint64_t sum = 0;

	for (auto &[word, count] : one.counts)
		sum += count * (word.size() + static_cast<unsigned char>(word.back()));
	return sum;
}

} // namespace

int main(int argc, char **argv)
{
	int pieces = argc > 1 ? atoi(argv[1]) : 400;
	std::vector<std::thread> threads;
	std::vector<std::future<uint64_t>> totals;
	uint64_t sum = 0;

	for (int i = 0; i < workers; i++)
		threads.emplace_back(work);
	for (int i = 0; i < pieces; i++) {
		std::lock_guard lock(queue_mutex);

		queue.push_back(static_cast<uint64_t>(i));
		filled.notify_one();
	}
	{
		std::lock_guard lock(queue_mutex);

		closed = true;
	}
	filled.notify_all();
	for (auto &thread : threads)
		thread.join();
	for (auto &one : table)
		totals.push_back(std::async(std::launch::async, total, std::ref(one)));
	for (auto &one : totals)
		sum += one.get();
	printf("%llu\n", static_cast<unsigned long long>(sum));
	return 0;
}
