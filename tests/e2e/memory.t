#!/bin/bash
# Accesses to memory of native programs: built by `frontrun cc` with gcc and clang, in one step and in
# several, as C and C++, or built with -fsanitize=thread before; natively such a program runs as ever.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export TMPDIR=$T
cat >count.c <<'X'
#include <assert.h>
#include <pthread.h>

int counter;

static void *worker(void *unused)
{
	counter++;
	return unused;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], 0, worker, 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], 0);
	assert(counter == 2);
	return 0;
}
X
cp count.c count.cc

# natively PROGRAM: it runs. The update may be lost there as well, if rarely.
natively() {
	local said status
	said=$("$1" 2>&1)
	status=$?
	[ $status -eq 0 ] || { [ $status -eq 134 ] && grep -q 'counter == 2' <<<"$said"; }
}

# finds NAME PROGRAM: the lost update of counter.
finds() {
	ok "$1: runs natively" natively "$2"
	fuzz --iterations 100 -- "$2"
	is "$1: found" "$status" 1
	like "$1: the story" "$(tr '\n' ' ' <<<"$out")" 'Lost update: threads .* both read counter before either wrote it back'
	like "$1: values" "$out" 'reads counter = 0'
	like "$1: confirmed" "$out" 'reproduced 10/10'
}

built() {
	local how=$1 compiler=$2 source=$3 cc=cc
	[ "${source##*.}" = cc ] && cc=c++
	export FRONTRUN_CC=$compiler FRONTRUN_CXX=$compiler
	ok "$how: built" "$FR" $cc -O0 -pthread -o one "$source"
	finds "$how" ./one
	ok "$how: compiled" "$FR" $cc -O0 -fPIC -c -o object.o "$source"
	ok "$how: linked" "$FR" $cc -pthread -o two object.o
	finds "$how, in two steps" ./two
	unset FRONTRUN_CC FRONTRUN_CXX
}

built gcc gcc count.c
built g++ g++ count.cc
if have clang && have clang++; then
	built clang clang count.c
	built clang++ clang++ count.cc
fi

# What was built with the sanitizer before.
ok "gcc -fsanitize=thread" gcc -g -O0 -fsanitize=thread -pthread -o sanitized count.c
fuzz --iterations 100 -- ./sanitized
is "gcc -fsanitize=thread: found" "$status" 1
unlike "gcc -fsanitize=thread: the real one is not loaded" "$(zstdcat -q trace.zst)" 'libtsan\.so\.2\.0'
if have clang; then
	ok "clang -shared-libsan" clang -g -O0 -fsanitize=thread -shared-libsan -pthread -o shared count.c
	# By itself clang leaves out a read before a write: what is left cannot lose anything.
	fr record ./shared
	is "clang -shared-libsan: runs" "$status" 0
	like "clang -shared-libsan: accesses are events" "$(zstdcat -q trace.zst)" '"counter"'
	ok "clang, linked statically" clang -g -O0 -fsanitize=thread -pthread -o static count.c
	fr record ./static
	is "linked statically: refused" "$status" 125
	like "linked statically: the remedy" "$err" 'frontrun cc'
fi
fr cc -static -o none count.c
is "-static: refused" "$status" 2
like "-static: why" "$err" '^frontrun: cc: -static: .*link it dynamically$'

# Two searches with one seed, and two recordings, are the same.
"$FR" cc -O0 -pthread -o one count.c
hashes() {
	"$FR" record --strategy random --seed "$1" -o "$2" ./one 2>/dev/null
	zstdcat -q "$2" | tail -n 1 | jq -c '[.order_hash, .hb_hash, .events]'
}
is "one seed, one run" "$(hashes 7 a.zst)" "$(hashes 7 b.zst)"
fr replay a.zst
like "a recording is replayed" "$err" 'identical'
fr info --verify a.zst
is "the hashes follow from the events" "$status" 0

# Names of variables on a stack, as their function has them, and in allocated memory, by type.
cat >names.c <<'X'
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct job {
	int number, done;
};

struct list {
	struct list *next;
	long length[3];
};

static struct list *all;

static void *on_stack(void *argument)
{
	struct job *job = argument;

	job->done++;
	return NULL;
}

static void *on_heap(void *unused)
{
	all->length[1]++;
	return unused;
}

static void run(void *(*worker)(void *), void *argument)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, worker, argument);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	struct job job = { argc, 0 };

	all = calloc(1, sizeof(*all));
	run(argc > 1 ? on_heap : on_stack, argc > 1 ? argv[1] : (void *)&job);
	assert(argc > 1 ? all->length[1] == 2 : job.done == 2);
	free(all);
}
X
for compiler in gcc $(have clang && echo clang); do
	FRONTRUN_CC=$compiler "$FR" cc -O0 -pthread -o names names.c
	fuzz --iterations 100 -- ./names
	like "$compiler: a variable on a stack" "$(tr '\n' ' ' <<<"$out")" 'both read main::job\.done before'
	fuzz --iterations 100 -- ./names heap
	like "$compiler: one in allocated memory" "$(tr '\n' ' ' <<<"$out")" 'both read list\.length\[1\] before'
done

# What one search has learned, the next one knows: the schedule that failed is tried first.
rm -rf kept
fr fuzz --seed 1 --corpus kept -- "$B/corpus/memory/peterson_swapped"
is "kept: found" "$status" 1
fr fuzz --seed 2 --corpus kept -- "$B/corpus/memory/peterson_swapped"
like "kept: found again at once" "$err" 'schedule 2 fails'
# The failure comes before the second half of the change: it is told all the same.
fuzz --seed 1 --iterations 1000 -- "$B/corpus/memory/torn_pair"
like "a torn pair: the story" "$(tr '\n' ' ' <<<"$out")" \
	'Torn read: T(3 \(mover\) changed|2 \(watcher\) read) two variables one after the other, across at .* (read|changed) both in between'
done_testing
