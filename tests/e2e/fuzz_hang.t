#!/bin/bash
# What is a hang in `frontrun fuzz`, and what only takes long. Threads that compute run one after the
# other under control, so a correct program may take many times the limit; a limit for the whole run
# would call it a hang, on a busy machine above all. Computing is measured in CPU time of the thread.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

program computes <<'C'
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_int ready;
static int total;
/* Not through libc: neither an operation nor under control. */
static long kernel(long number, long a, long b)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}
static double cpu(void)
{
	struct timespec time;
	kernel(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, (long)&time);
	return time.tv_sec + time.tv_nsec / 1e9;
}
static void compute(double seconds)
{
	double end = cpu() + seconds;
	while (cpu() < end)
		;
}
static void *count(void *unused)
{
	compute(0.3);
	pthread_mutex_lock(&mutex);
	total++;
	pthread_mutex_unlock(&mutex);
	return unused;
}
static void *moment(void *unused)
{
	compute(0.1);
	pthread_mutex_lock(&mutex);
	total++;
	pthread_mutex_unlock(&mutex);
	return unused;
}
static void *produce(void *unused)
{
	compute(0.3);
	atomic_store(&ready, 1);
	return unused;
}
static void *spin(void *unused)
{
	while (!atomic_load(&ready))
		;
	return unused;
}
static void *never(void *unused)
{
	for (;;)
		kernel(SYS_getppid, 0, 0);
	return unused;
}
static void *asleep(void *unused)
{
	kernel(SYS_pause, 0, 0);
	return unused;
}
static void *naps(void *unused)
{
	struct timespec time = { 0, 300000000 };
	kernel(SYS_nanosleep, (long)&time, 0);
	return count(unused);
}
int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void *(*first)(void *), *(*other)(void *);
	} kinds[] = { { "count", count, count }, { "spin", produce, spin },
		      { "never", never, never }, { "asleep", asleep, asleep },
		      { "naps", naps, naps }, { "moment", moment, moment } };
	pthread_t threads[3];
	unsigned i, n;
	for (i = 0; strcmp(kinds[i].name, argv[1]); i++)
		;
	for (n = 0; n < 3; n++)
		pthread_create(&threads[n], NULL, n ? kinds[i].other : kinds[i].first, NULL);
	for (n = 0; n < 3; n++)
		pthread_join(threads[n], NULL);
	return 0;
}
C

# 0.9 s and more, of which no thread takes as much as the limit.
for kind in count spin naps; do
	fuzz --time-limit 0.5 --iterations 2 -- ./computes $kind
	is "$kind: status" "$status" 0
	like "$kind: no failure" "$out" '^no failure in 2 schedules'
done
# Without being interrupted as well.
fuzz --time-limit 0.5 --iterations 2 --preempt-after 0 -- ./computes count
is "computes, not interrupted: status" "$status" 0
# And as whole programs.
fuzz --time-limit 0.5 --iterations 2 --exec -- ./computes count
is "computes, --exec: status" "$status" 0

# A thread that computes for a moment is not interrupted on a busy machine either, where that takes
# long: each schedule can be repeated exactly.
if command -v taskset >/dev/null; then
	hogs=()
	for _ in 1 2 3 4 5 6 7 8; do
		taskset -c 0 sh -c 'while :; do :; done' &
		hogs+=($!)
	done
	taskset -c 0 "$FR" fuzz --seed 1 --corpus "" --json --iterations 2 --preempt-after 0.4 -- \
		./computes moment >out 2>err </dev/null
	kill "${hogs[@]}"
	wait "${hogs[@]}" 2>/dev/null
	is "beside hogs: none is inexact" "$(jq -c '[.exit_status, .schedules, .inexact]' out)" '[0,2,0]'
else
	skip "beside hogs: none is inexact" "no taskset"
fi

# These make no progress, computing or not.
for kind in never asleep; do
	fuzz --time-limit 0.2 -- ./computes $kind
	is "$kind: status" "$status" 3
	like "$kind: says so" "$err" 'in the same way: the run does not end in time$'
done

no_orphans "nothing is left running"
done_testing
