#!/bin/bash
# What people read about their own programs: names of C++ functions, of waits and of descriptors, limits that end a
# run, hints when a replay takes another course, and output that nobody reads to its end.
. "$(dirname "$0")/../lib.sh"

# A C++ program with a lock-order inversion in a template of std::string. Who comes second waits.
cat >cache.cpp <<'EOF'
#include <mutex>
#include <string>
#include <thread>

template <typename Key, typename Value> struct Cache {
	std::mutex index, shard;
	void get(const Key &)
	{
		std::lock_guard<std::mutex> a(index);
		std::lock_guard<std::mutex> b(shard);
	}
	void evict(const Key &)
	{
		std::lock_guard<std::mutex> b(shard);
		std::lock_guard<std::mutex> a(index);
	}
};
static Cache<std::string, int> cache;

int main()
{
	std::thread reader([] { for (int i = 0; i < 20; i++) cache.get("a"); });
	std::thread evictor([] { for (int i = 0; i < 20; i++) cache.evict("a"); });
	reader.join();
	evictor.join();
}
EOF
if ! have g++; then
	skip "C++ names" "no g++"
else
	g++ -g -O1 -pthread -o cache cache.cpp
	fr record --strategy random --seed 1 -o cache.zst ./cache
	is "C++: a lock-order inversion is a deadlock" "$status" 124
	like "C++: template arguments as people write them" "$err" \
		'at Cache<std::string, int>::get \(cache\.cpp:[0-9]+\)$'
	unlike "C++: no frame of the library" "$err" 'gthread|lock_guard|std::mutex::lock'
	like "C++: members have names" "$err" 'waits to lock cache\.(index|shard)$'
	like "C++: the trace has the full name" "$(zstdcat -q cache.zst)" 'Cache<std::__cxx11::basic_string<char'
fi

# A lost wake-up: waiting on a condition variable is called that.
fr record -o lost.zst --strategy random --seed 1 "$B/corpus/lost_wakeup"
[ "$status" = 124 ] || for seed in 2 3 4 5 6 7 8 9; do
	fr record -o lost.zst --strategy random --seed $seed "$B/corpus/lost_wakeup"
	[ "$status" != 124 ] || break
done
is "lost wake-up: found within nine seeds" "$status" 124
like "lost wake-up: says what is waited for" "$err" ' waits on cond [0-9.]+/[a-z0-9.]+$'
like "lost wake-up: says what that is" "$err" \
	'^frontrun:   cond [0-9.]+/[a-z0-9.]+ was first used at (clerk|customer) \(lost_wakeup\.c:[0-9]+\)$'

# A limit on operations is one also where nobody sleeps or reads.
fr record --steps 100 -o steps.zst "$B/targets/contended" 2000
is "--steps: status" "$status" 124
like "--steps: the story" "$err" '^frontrun: Step budget: '
is "--steps: outcome" "$(info steps.zst verdict)" "step budget"
fr replay steps.zst
is "--steps: replay fails in the same way" "$status" 1

# The strategy line of info is what to type to record the same run again.
fr record -o seed.zst --strategy random --seed 18446744073709551615 --parameter rarity=4 "$B/targets/print_order"
like "info: strategy, seed, parameters" "$("$FR" info seed.zst)" \
	'^  strategy +random --seed 18446744073709551615 --parameter rarity=4$'
fr record -o slice.zst --slice 7 "$B/targets/print_order"
like "info: slice" "$("$FR" info slice.zst)" '^  strategy +natural --slice 7$'

# A program that takes another course when its output is no file.
cat >course <<'EOF'
[ -p /dev/stdout ] && exec sort /dev/null
true | true
EOF
fr record -o course.zst bash course
is "streams: record" "$status" 0
is "streams: what they were" "$(zstdcat -q course.zst | head -n 1 | jq -c .streams)" '["device","file","file"]'
run bash -c 'set -o pipefail; "$1" replay course.zst | cat' - "$FR"
is "streams: a replay into a pipe is the same" "$status" 0
run bash -c 'set -o pipefail; "$1" replay --live course.zst | cat' - "$FR"
is "streams: with the real ones it diverges" "$status" 125
like "streams: and says why" "$err" \
	'^frontrun:   perhaps because standard output is a pipe now, in the recording it was a file$'

# Names that are not UTF-8.
name=$'strang\xffe'
mkdir "$name" && cp "$B/targets/print_order" "$name/$name" && (cd "$name" && run "$FR" record -o ../strange.zst "./$name")
like "not UTF-8: info names the program" "$("$FR" info strange.zst)" '^  command +\./strang\\xffe$'
like "not UTF-8: and its directory" "$("$FR" info strange.zst)" '^  directory +/.*/strang\\xffe$'
fr replay strange.zst
is "not UTF-8: replay" "$status" 0
like "not UTF-8: replay says what it runs" "$err" '^frontrun: replaying strange\.zst: \./strang\\xffe$'

# Standard output and standard error are two things, also where they are one file.
for seed in 1 2 3 4 5 6 7 8 9; do
	fr record -o both.zst --strategy random --seed $seed "$B/corpus/bank"
	[ "$status" = 0 ] || break
done
is "streams: a program that uses both" "$status $(target_stderr err)" \
	"1 bank: money lost: expected savings 70, checking 30"
run bash -c '"$1" replay both.zst 2>&1' - "$FR"
is "streams: a replay into one file" "$status" 1
run bash -c '"$1" replay both.zst >/dev/null 2>&1' - "$FR"
is "streams: a replay into nothing" "$status" 1
run bash -c '"$1" record -o one.zst --strategy random --seed $2 "$3" 2>&1' - "$FR" $seed "$B/corpus/bank"
is "streams: a recording into one file" "$status" 1
fr replay one.zst
is "streams: its replay into two" "$status" 1

# Descriptors are called what they are.
fr record -o pipe.zst "$B/targets/pipe_threads"
like "descriptors: a pipe" "$("$FR" show pipe.zst)" '(writes to|reads from) pipe'

# What failed says so.
fr record -o sem.zst "$B/targets/sem" 5
like "semaphores: a trywait that finds nothing" "$("$FR" show --kind sem_trywait sem.zst)" \
	'tries to take from none: busy'

# A reader that leaves early, a device that is full: also when there is more than a buffer of it.
fr record -o long.zst "$B/targets/contended" 1000
for command in show "explain --last 3000" "info --json"; do
	run bash -c 'set -o pipefail; "$1" $2 long.zst | head -n 1' - "$FR" "$command"
	is "$command: a reader that leaves: status" "$status" 0
	is "$command: a reader that leaves: nothing to say" "$err" ""
	run bash -c '"$1" $2 long.zst >/dev/full' - "$FR" "$command"
	is "$command: a full device: status" "$status" 1
	is "$command: a full device: one sentence" "$(grep -c '^frontrun: cannot write to standard output' err)" 1
done

# Without a terminal nobody can press Enter.
if have setsid; then
	run setsid -w "$FR" replay --stop-at 3 slice.zst
	is "--stop-at without a terminal: status" "$status" 125
	like "--stop-at without a terminal: what to do" "$err" 'use --gdb-command as well'
else
	skip "--stop-at without a terminal" "no setsid"
fi

done_testing
