// Stacks as C++ programs build them: exceptions, destructors during unwinding, lambdas, templates of
// the library that call back, std::thread. Each scenario calls capture(); nothing is checked here.
#include "tests/unit/unwind/capture.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

#define KEEP(p) __asm__ volatile("" : : "r"(p) : "memory")

struct guard {
	std::string name;
	explicit guard(const char *text) : name(text) {}
	~guard() { capture(); }
};

__attribute__((noinline)) void thrower(int n)
{
	guard g("a name that does not fit into the small string of the object");
	capture();
	if (n == 0)
		throw std::runtime_error("expected");
	thrower(n - 1);
	capture();
}

void exceptions()
{
	for (int n = 0; n < 4; n++) {
		try {
			guard g("outer");
			thrower(n);
		} catch (const std::exception &e) {
			capture();
			try {
				thrower(0);
			} catch (...) {
				capture();
			}
		}
		capture();
	}
}

void lambdas()
{
	int x = 3;
	auto inner = [&](int y) { capture(); x += y; };
	std::function<void(int)> f = [=](int y) { inner(y); capture(); };
	f(1);
	std::vector<std::function<void(int)>> many(3, f);
	for (auto &each : many)
		each(2);
	KEEP(&x);
}

void algorithms()
{
	std::vector<int> v;
	for (int i = 0; i < 40; i++)
		v.push_back(i * 17 % 40);
	std::sort(v.begin(), v.end(), [](int a, int b) { capture(); return a < b; });
	auto less = [](const std::string &a, const std::string &b) { capture(); return a < b; };
	std::map<std::string, int, decltype(less)> m(less);
	for (int i : v)
		m[std::to_string(i)] = i;
	KEEP(&m);
}

struct base {
	virtual ~base() { capture(); }
	virtual int value(int n) = 0;
};

struct derived : base {
	~derived() override { capture(); }
	int value(int n) override { capture(); return n ? value(n - 1) + 1 : 0; }
};

void objects()
{
	std::unique_ptr<base> p(new derived);
	std::shared_ptr<base> q = std::make_shared<derived>();
	KEEP(static_cast<long>(p->value(3) + q->value(5)));
}

void threads()
{
	std::thread t([] { lambdas(); exceptions(); });
	t.join();
}

} // namespace

extern "C" const scenario scenarios[] = {
	{ "C++ exceptions", exceptions },
	{ "C++ lambdas", lambdas },
	{ "C++ callbacks from templates", algorithms },
	{ "C++ virtual calls and destructors", objects },
	{ "C++ thread", threads },
	{ nullptr, nullptr },
};
