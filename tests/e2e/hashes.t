#!/bin/bash
# The hashes of a run, which the runtime computes as it goes, computed again by the CLI from the lines of
# the trace: two programs that share only the definition agree. And each line counts.
. "$(dirname "$0")/../lib.sh"

targets=(mutex cond "rwlock 20" barrier "sem 20" spin once "futex 20" cancel "all_primitives 3" "contended 100"
	pipe_threads "poll_select 20" "socketpair 20" sig_suspend "sleep_sort 50" "cxx_sync 20" wait_child
	address_reuse thread_join exec_thread)

for target in "${targets[@]}"; do
	for way in natural "random --seed 1" "random --seed 2"; do
		fr record --strategy $way -o run.zst -- "$B"/targets/$target
		is "$target, $way: record" "$status" 0
		fr info --verify --json run.zst
		is "$target, $way: verify" "$status $err" "0 "
		is "$target, $way: said" "$(jq .verified <<<"$out")" true
	done
done
# Of a run that fails, too.
fr record -o run.zst -- "$B/targets/deadlock_abba"
is "a deadlock: record" "$status" 124
fr info --verify run.zst
is "a deadlock: verify" "$status $err" "0 "

# And each line counts: what one changed line does to the hashes.
fr record --strategy random --seed 1 -o good.zst -- "$B/targets/contended" 20
# changed NAME EXPRESSION: the lines of the trace through a jq filter; the first line that EXPRESSION
# matches is changed by the filter behind it.
changed() {
	zstdcat -q good.zst | jq -nc "foreach inputs as \$line ({done: false};
		if (.done | not) and (\$line | $2) then {done: true, line: (\$line | $3)}
		else {done, line: \$line} end; .line | select(. != null))" | zstd -q -f -o changed.zst
	fr info --verify changed.zst
	is "$1: status" "$status" "${4:-1}"
	if [ "${4:-1}" = 0 ]; then
		is "$1: nothing to say" "$err" ""
	else
		like "$1: says so" "$err" '^frontrun: changed\.zst: the events do not have the hashes'
	fi
}
changed "nothing changed" 'false' . 0
changed "another operation" '.e == "mutex_lock" and (.p | not)' '.e = "mutex_trylock"'
changed "another object" '.e == "mutex_lock" and (.p | not)' '.o += 1'
changed "another result" '.e == "mutex_unlock"' '.r = 1'
changed "another choice" '.d == "pick"' '.to = ((.from - [.to])[0])'
changed "another object's name" '.object and .kind == "mutex"' '.id += "0"'
changed "another lane's name" '.lane and .id == "1.3"' '.id = "1.33"'
changed "where the operation is, which is no part of a hash" '.e == "mutex_unlock" and .c' 'del(.c)' 0

done_testing
