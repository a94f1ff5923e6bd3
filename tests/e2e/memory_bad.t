#!/bin/bash
# Instrumented programs that are not made for it: exceptions, longjmp, signals, thread-local variables,
# libraries that come and go, optimisation, no debug information, code that is not instrumented.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export TMPDIR=$T
here=$ROOT/tests/e2e/memory_bad

# holds NAME PROGRAM: in each schedule it ends as it should, and a recording is replayed.
holds() {
	local seed said=
	for seed in 1 2 3 4 5; do
		fr record -s random --seed $seed -o t.zst "$2"
		said+="$status "
		fr replay t.zst
		said+="$status "
	done
	is "$1: recorded and replayed" "$said" '0 0 0 0 0 0 0 0 0 0 '
	fuzz --iterations 100 -- "$2"
	is "$1: no schedule fails" "$status" 0
	[ "$status" = 0 ] || diag "$out" "$err"
}

compilers="gcc:g++"
have clang && have clang++ && compilers+=" clang:clang++"
for pair in $compilers; do
	export FRONTRUN_CC=${pair%:*} FRONTRUN_CXX=${pair#*:}
	for level in -O0 -Og -O2; do
		ok "$FRONTRUN_CXX $level" "$FR" c++ $level -pthread -o mix "$here/mix.cc"
		is "$FRONTRUN_CXX $level: natively" "$(./mix)" fine
		holds "$FRONTRUN_CXX $level" ./mix
	done
	ok "$FRONTRUN_CC: a library" "$FR" cc -fPIC -shared -o plug.so "$here/plug.c"
	ok "$FRONTRUN_CC: who loads it" "$FR" cc -pthread -o plugs "$here/plugs.c"
	holds "$FRONTRUN_CC: dlclose" ./plugs
done
unset FRONTRUN_CC FRONTRUN_CXX

# Found in optimised programs, too, as far as the compiler leaves the accesses in.
for level in -O1 -Og; do
	ok "lost_increment $level" "$FR" cc $level -pthread -o bug "$ROOT/corpus/memory/lost_increment.c"
	fuzz --iterations 100 -- ./bug
	is "lost_increment $level: found" "$status" 1
	like "lost_increment $level: the story" "$out" '^Lost update: .* both read visits before'
done

# Without debug information there are symbols, and without those offsets.
"$FR" cc -pthread -g0 -o plain "$ROOT/corpus/memory/lost_increment.c"
fuzz --iterations 100 -- ./plain
like "no debug information: the variable" "$out" 'both read visits before'
strip plain
fuzz --iterations 100 -- ./plain
like "stripped: an offset" "$(tr '\n' ' ' <<<"$out")" 'both read plain\+0x[0-9a-f]+ +before'

# One file of two is instrumented: what the other does is not seen, and nothing else is wrong.
cat >shared.c <<'X'
int seen, unseen;
void change_unseen(void) { unseen++; }
X
cat >both.c <<'X'
#include <assert.h>
#include <pthread.h>
extern int seen, unseen;
void change_unseen(void);
static void *worker(void *unused) { seen++; change_unseen(); return unused; }
int main(void)
{
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], 0, worker, 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], 0);
	assert(unseen == 2);
	assert(seen == 2);
}
X
gcc -g -c -o shared.o shared.c
ok "half of it instrumented" "$FR" cc -pthread -o both both.c shared.o
fuzz --iterations 100 -- ./both
like "half of it instrumented: the other half's bug" "$out" '^Lost update: .* both read seen before'
done_testing
