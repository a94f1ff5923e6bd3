/*
 * Stacks as C programs build them: each scenario calls capture() from some depth. Compiled several
 * times with other options; says nothing about what is expected.
 */
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unwind/capture.h"

#define NOINLINE __attribute__((noinline, noclone))
/* Keeps a call from becoming a jump, and memory from being optimised away. */
#define KEEP(p) __asm__ volatile("" : : "r"(p) : "memory")

static NOINLINE int leaf(int n)
{
	capture();
	KEEP(&n);
	return n + 1;
}

static NOINLINE int middle(int n, int more)
{
	int a = leaf(n);
	int b = leaf(n + more);

	return a * b + n;
}

static void plain(void)
{
	for (int i = 0; i < 3; i++)
		KEEP((long)middle(i, 1) + middle(i, 2));
}

static NOINLINE int recurse(int n)
{
	int below = n ? recurse(n - 1) : leaf(n);

	KEEP(&below);
	return below + leaf(n);
}

static void deep(void)
{
	KEEP((long)recurse(40));
}

static void shallow(void)
{
	KEEP((long)recurse(5));
}

static NOINLINE void with_alloca(size_t size, int n)
{
	char *p = alloca(size);

	memset(p, n, size);
	KEEP(p);
	capture();
	if (n)
		with_alloca(size * 2 + 24, n - 1);
	KEEP(p);
}

static void allocas(void)
{
	for (size_t size = 16; size < 200; size += 40)
		with_alloca(size, 3);
}

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	capture();
	return (x > y) - (x < y);
}

static void sorting(void)
{
	int v[12];

	for (int i = 0; i < 12; i++)
		v[i] = i * 7 % 12;
	qsort(v, 12, sizeof(v[0]), compare);
	KEEP(bsearch(&v[3], v, 12, sizeof(v[0]), compare));
}

/* An over-aligned local: the frame is realigned, its CFA can only be found by a link. */
static NOINLINE int realigned(int n)
{
	int v[16] __attribute__((aligned(64)));

	for (int i = 0; i < 16; i++)
		v[i] = n + i;
	KEEP(v);
	return leaf(v[n & 15]) + v[(n + 1) & 15];
}

/* With alloca as well, and many live values: the link needs a register of its own. */
static NOINLINE long realigned_alloca(int n, long a, long b, long c, long d, long e, long f, long g)
{
	long v[8] __attribute__((aligned(64))) = { a, b, c, d, e, f, g, n };
	char *p = alloca((size_t)n * 16 + 16);

	KEEP(v);
	KEEP(p);
	if (n > 0)
		v[1] += realigned_alloca(n - 1, b, c, d, e, f, g, a);
	v[2] += realigned(n);
	KEEP(v);
	return v[0] * a + v[1] * b + v[2] * c + v[3] * d + v[4] * e + v[5] * f + v[6] * g + v[7];
}

static void alignment(void)
{
	KEEP((long)realigned(3));
}

static void alignment_alloca(void)
{
	KEEP(realigned_alloca(3, 1, 2, 3, 4, 5, 6, 7));
}

static NOINLINE void never_returns(void)
{
	capture_noreturn();
}

static void noreturn_call(void)
{
	capture_jump(never_returns);
}

static NOINLINE int sum(int n, ...)
{
	va_list ap;
	int total = 0;

	va_start(ap, n);
	for (int i = 0; i < n; i++)
		total += va_arg(ap, int);
	va_end(ap);
	return total + leaf(n);
}

struct big {
	long v[20];
};

static NOINLINE struct big by_value(struct big in, int n)
{
	in.v[n] += leaf(n);
	return n ? by_value(in, n - 1) : in;
}

static void arguments(void)
{
	struct big big = { { 1, 2, 3 } };

	KEEP((long)sum(9, 1, 2, 3, 4, 5, 6, 7, 8, 9));
	big = by_value(big, 3);
	KEEP(&big);
}

static void *thread_body(void *arg)
{
	plain();
	shallow();
	return arg;
}

static void thread(void)
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread_body, NULL) == 0)
		pthread_join(id, NULL);
}

static void on_signal(int sig)
{
	KEEP((long)middle(sig, 1));
}

static NOINLINE void raise_with(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	struct sigaction old;

	sigaction(SIGUSR1, &action, &old);
	raise(SIGUSR1);
	capture();
	sigaction(SIGUSR1, &old, NULL);
}

static void signal_same_stack(void)
{
	raise_with(0);
}

static void signal_other_stack(void)
{
	raise_with(SA_ONSTACK);
}

/* Many paths to few call sites, chosen by a generator: what a cache of stacks has to get right. */
static uint32_t rng;

static uint32_t next_random(void)
{
	rng = rng * 1664525u + 1013904223u;
	return rng >> 16;
}

static NOINLINE void wander(int depth);

static NOINLINE void wander_left(int depth)
{
	long pad[3] = { depth };

	KEEP(pad);
	wander(depth - 1);
	KEEP(pad);
}

static NOINLINE void wander_right(int depth)
{
	char *p = alloca(next_random() % 3 * 16 + 16);

	KEEP(p);
	wander(depth - 1);
	wander(depth - 2);
	KEEP(p);
}

static NOINLINE void wander(int depth)
{
	capture();
	if (depth > 0) {
		switch (next_random() % 4) {
		case 0:
			wander_left(depth);
			break;
		case 1:
			wander_right(depth);
			break;
		case 2:
			KEEP((long)realigned(depth));
			wander(depth - 1);
			break;
		default:
			KEEP((long)leaf(depth));
		}
	}
	KEEP(&depth);
}

static void wandering(void)
{
	rng = 1;
	for (int i = 0; i < 2000; i++)
		wander(6);
}

const struct scenario scenarios[] = {
	{ "plain calls", plain },
	{ "deep recursion", deep },
	{ "shallow recursion", shallow },
	{ "alloca", allocas },
	{ "callbacks from libc", sorting },
	{ "realigned frames", alignment },
	{ "realigned frames with alloca", alignment_alloca },
	{ "call of a function that does not return", noreturn_call },
	{ "arguments on the stack", arguments },
	{ "thread", thread },
	{ "signal handler", signal_same_stack },
	{ "signal handler on its own stack", signal_other_stack },
	{ "random paths", wandering },
	{ NULL, NULL },
};
