#!/bin/bash
# Programs that wait by looking again and again: for a word, for a lock that they only try to get, for
# something under a lock, in C and in Python. A search lets others go on before it takes that for a
# livelock, in conflict reversals as well, whose way may be another one than was planned; and it does
# not take for ever. Where nobody ever does what is waited for it is a livelock.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

cat >wait.c <<'C'
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
enum { THREADS = 4, ROUNDS = 20, INSIDE = 20 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;
static pthread_spinlock_t spinlock;
static atomic_uint word, turn, served;
static int shared[INSIDE], whose;
static const char *how;
static void take(int me)
{
	unsigned none = 0, backoff = 512, mine;
	if (!strcmp(how, "word")) {
		while (!atomic_compare_exchange_strong(&word, &none, 1))
			none = 0;
	} else if (!strcmp(how, "backoff")) {
		for (; !atomic_compare_exchange_strong(&word, &none, 1); none = 0) {
			for (unsigned i = 0; i < backoff; i++)
				__asm__ volatile("" ::: "memory");
			backoff *= backoff < 1 << 22 ? 2 : 1;
		}
	} else if (!strcmp(how, "ticket")) {
		mine = atomic_fetch_add(&turn, 1);
		while (atomic_load(&served) != mine)
			;
	} else if (!strcmp(how, "trylock")) {
		while (pthread_mutex_trylock(&lock))
			;
	} else if (!strcmp(how, "spin_trylock")) {
		while (pthread_spin_trylock(&spinlock))
			;
	} else {
		for (mine = 0; !mine;) {
			pthread_mutex_lock(&lock);
			mine = whose == me;
			pthread_mutex_unlock(&lock);
		}
	}
}
static void give(int me)
{
	if (!strcmp(how, "trylock")) {
		pthread_mutex_unlock(&lock);
	} else if (!strcmp(how, "spin_trylock")) {
		pthread_spin_unlock(&spinlock);
	} else if (!strcmp(how, "poll")) {
		pthread_mutex_lock(&lock);
		whose = (me + 1) % THREADS;
		pthread_mutex_unlock(&lock);
	} else {
		atomic_store(&word, 0);
		atomic_fetch_add(&served, 1);
	}
}
static void *worker(void *number)
{
	int i, j, me = (int)(long)number;
	for (i = 0; i < (strcmp(how, "poll") ? ROUNDS : 3); i++) {
		take(me);
		for (j = 0; j < INSIDE; j++) {
			pthread_mutex_lock(&inner);
			shared[j]++;
			pthread_mutex_unlock(&inner);
		}
		give(me);
	}
	return number;
}
static void *never(void *unused)
{
	take(0);
	return unused;
}
int main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	how = argv[1];
	pthread_spin_init(&spinlock, 0);
	if (argc > 2)
		take(0);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, argc > 2 ? never : worker, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
C
cat >wait.py <<'PY'
import queue, sys, threading, time

how = sys.argv[1]
lock, event, todo = threading.Lock(), threading.Event(), queue.Queue()


class Box:
    def __init__(self):
        self.turn = self.total = 0
        self.value = None


box = Box()


def turns(me):
    for _ in range(3):
        while box.turn != me:
            pass
        for _ in range(10):
            box.total += 1
        box.turn = (me + 1) % 3


def tries(me):
    for _ in range(5):
        while not lock.acquire(blocking=False):
            pass
        for _ in range(10):
            box.total += 1
        lock.release()


def waits(me):
    if me == 0:
        for _ in range(20):
            box.total += 1
        with lock:
            box.value = 5
        event.set()
        todo.put(1), todo.put(2)
    elif how == "none":
        while box.value is None:
            pass
    elif how == "lock":
        while True:
            with lock:
                if box.value:
                    break
    elif how == "event":
        while not event.is_set():
            pass
    elif how == "queue":
        while todo.empty():
            pass


threads = [threading.Thread(target={"turns": turns, "tries": tries}.get(how, waits), args=(i,))
           for i in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
PY
"${CC:-gcc}" -g -O1 -pthread -o wait wait.c && "$FR" cc -g -O1 -pthread -o wait_seen wait.c ||
	fail "compile wait.c" "see above"

# waits ITERATIONS COMMAND...: no schedule fails.
waits() {
	local iterations=$1
	shift
	fuzz --iterations "$iterations" -- "$@"
	is "$*: status" "$status" 0
	like "$*: no failure" "$out" "^no failure in $iterations schedules"
}

for how in trylock spin_trylock poll; do
	waits 300 ./wait $how
done
for how in word backoff ticket trylock spin_trylock poll; do
	waits 200 ./wait_seen $how
done
if ! have /usr/bin/python3; then
	skip "Python" "no /usr/bin/python3"
	ways=()
else
	ways=(turns tries none lock event queue)
fi
for how in "${ways[@]}"; do
	waits 300 /usr/bin/python3 wait.py $how
done
# As a recording, which nobody tells how long it may take.
for how in "${ways[@]:0:1}" "${ways[@]:2:2}"; do
	fr record -o $how.zst -- /usr/bin/python3 wait.py $how
	is "$how: record" "$status" 0
	fr replay $how.zst
	is "$how: replay" "$status" 0
done

# never COMMAND...: nobody gives back what it waits for.
never() {
	fuzz --iterations 5 --steps 20000 -- "$@" never
	is "$*, never: status" "$status" 3
	like "$*, never: livelock" "$err" 'in the same way: livelock$'
}
for how in trylock spin_trylock; do
	never ./wait $how
done
never ./wait_seen word

# A livelock that begins with one preemption: the turns of the fair half are none, as the lanes block.
if [ ${#ways[@]} -gt 0 ]; then
	fuzz --steps 20000 --iterations 1000 -- /usr/bin/python3 "$ROOT/corpus/python/after_you.py"
	is "after_you: status" "$status" 1
	like "after_you: few preemptions" "$out" '^[1-9] preemptions?, '
fi

no_orphans "nothing is left running"
done_testing
