#!/bin/bash
# Data races of instrumented programs: what the thread sanitizer's own runtime reports natively is
# among what a search reports, programs without races have none, and they are failures on demand only.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export TMPDIR=$T

# natively NAME: pairs of lines, as the sanitizer reports them. Those in libc (free) are no accesses.
natively() {
	gcc -g -O0 -fsanitize=thread -pthread -o sanitized "$ROOT/corpus/memory/$1.c" &&
		TSAN_OPTIONS=exitcode=0 ./sanitized 2>&1 | awk '
			/^WARNING: ThreadSanitizer/ { race = /data race/; n = 0 }
			/^ *#0 / && race {
				if (match($0, /[a-z_]+\.c:[0-9]+/) && n < 2) {
					split(substr($0, RSTART, RLENGTH), at, ":")
					line[++n] = at[2]
					if (n == 2)
						print line[1] < line[2] + 0 ? line[1] "-" line[2] : line[2] "-" line[1]
				} else {
					race = 0
				}
			}' | sort -u
}

# searched NAME: the same of 100 schedules.
searched() {
	fuzz --json --iterations 100 --keep-going --no-minimise --confirm 0 -- "$B/corpus/memory/$1"
	jq -r '.races[]? | split("\n")[0]' <<<"$out" | sed -E 's/.*\.c:([0-9]+)\).*\.c:([0-9]+)\).*/\1 \2/' |
		awk '{ print $1 < $2 + 0 ? $1 "-" $2 : $2 "-" $1 }' | sort -u
}

for name in lost_increment few_increments null_between torn_pair mixed_stores used_before_set last_reference \
	loop_variable wrong_lock half_built_object made_twice ring_index seqlock_reader static_buffer; do
	natively $name >native
	searched $name >found
	is "$name: no race of the sanitizer's is missing" "$(comm -23 native found)" ''
	ok "$name: there is one" test -s found
done
for name in lost_increment few_increments null_between torn_pair mixed_stores used_before_set freed_too_early \
	last_reference argument_on_stack loop_variable wrong_lock half_built_object made_twice aba_stack \
	ring_index queue_deleted late_destructor static_buffer safe_stack; do
	searched ${name}_ok >found
	is "$name, fixed: no race" "$(cat found)" ''
done

# In words, with and without a search.
fr record "$B/corpus/memory/lost_increment"
like "record says them" "$err" '^frontrun: data race on visits: T3 .* at visitor \(lost_increment\.c:14\)'
like "they are in the trace" "$(zstdcat -q trace.zst)" '"note":"race"|"kind":"race"'
fr record --races off "$B/corpus/memory/lost_increment"
unlike "not with --races off" "$err" 'data race'

# ring_index in an order that is right: the race alone.
fuzz --iterations 1 -- "$B/corpus/memory/ring_index"
is "a race alone is no failure" "$status" 0
like "but it is reported" "$out" 'data races?, no failure by'
fuzz --iterations 1 --races fail --allow-failing -- "$B/corpus/memory/ring_index"
is "--races fail, and allowed" "$status" 0
fuzz --iterations 50 --races fail -- "$B/corpus/memory/seqlock_reader_ok"
is "--races fail" "$status" 1
like "--races fail: the words" "$out$err" 'data race on (low|high)'
printf 'race:^reader$\nthread:x\n# a comment\n' >suppressions
fuzz --iterations 50 --races fail --suppressions suppressions -- "$B/corpus/memory/seqlock_reader_ok"
is "--suppressions" "$status" 0
unlike "--suppressions: not reported either" "$out" 'data race'
fuzz --suppressions nowhere -- "$B/corpus/memory/seqlock_reader_ok"
is "--suppressions: no such file" "$status" 2

# What a lane does again and again is looked at once, but a read that comes after the last write of its
# loop is told all the same (filter_repeats(), race_again()).
cat >again.c <<'X'
#include <pthread.h>
static volatile int x, seen;
static void *first(void *unused)
{
	x = 1;
	return unused;
}
static void *loop(void *unused)
{
	for (int i = 0; i < 4; i++) {
		seen = x; /* line 11 */
		if (i < 3)
			x = i; /* line 13 */
	}
	return unused;
}
static void *last(void *unused)
{
	x = 2; /* line 19 */
	return unused;
}
int main(void)
{
	void *(*parts[])(void *) = { first, loop, last };
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], 0, parts[i], 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], 0);
}
X
ok "a loop of reads and writes" "$FR" cc -g -O0 -pthread -o again again.c
fr record ./again
is "the races with its last read and its last write" \
	"$(sed -nE 's/.*data race on x: .*again\.c:([0-9]+)\).*again\.c:([0-9]+)\).*/\1-\2/p' <<<"$err" | sort)" \
	"$(printf '%s\n' 11-5 13-5 19-11 19-13 19-5)"

# A lock of the program's own making, in code that is not instrumented: only what it says of itself
# orders the accesses.
cat >own.c <<'X'
#include <assert.h>
#include <pthread.h>
#include <sched.h>
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void AnnotateIgnoreReadsBegin(const char *file, int line);
static int lock, value;
__attribute__((no_sanitize("thread"))) static void take(void)
{
	while (__sync_lock_test_and_set(&lock, 1))
		sched_yield();
#ifdef SAYS
	__tsan_acquire(&lock);
#endif
}
__attribute__((no_sanitize("thread"))) static void leave(void)
{
#ifdef SAYS
	__tsan_release(&lock);
#endif
	__sync_lock_release(&lock);
}
static void *worker(void *unused)
{
	take();
	value++;
	leave();
	return unused;
}
int main(void)
{
	pthread_t threads[2];

	AnnotateIgnoreReadsBegin("own.c", 1);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], 0, worker, 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], 0);
	assert(value == 2);
}
X
for says in "" -DSAYS; do
	ok "a lock of its own $says" "$FR" cc -pthread $says -o own own.c
	fuzz --json --iterations 50 -- ./own
	is "a lock of its own $says: no failure, and a race without a word" \
		"$status $(jq '.races // [] | length > 0' <<<"$out")" \
		"0 $([ -n "$says" ] && echo false || echo true)"
done
done_testing
