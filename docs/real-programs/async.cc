// A pipeline of std::async stages over two accounts. BUG: transfers in both directions lock the two
// accounts in the order of their arguments.
#include <cassert>
#include <future>
#include <mutex>
struct Account { std::mutex mutex; int balance; };
static int transfer(Account &from, Account &to, int amount)
{
#ifdef BUG
	std::lock_guard<std::mutex> first(from.mutex), second(to.mutex);
#else
	std::scoped_lock both(from.mutex, to.mutex);
#endif
	from.balance -= amount;
	to.balance += amount;
	return amount;
}
int main()
{
	Account a{ {}, 100 }, b{ {}, 100 };
	auto one = std::async(std::launch::async, [&] { return transfer(a, b, 10); });
	auto two = std::async(std::launch::async, [&] { return transfer(b, a, 20); });
	int sum = one.get() + two.get();
	assert(sum == 30 && a.balance == 110 && b.balance == 90);
}
