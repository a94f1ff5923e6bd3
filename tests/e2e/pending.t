#!/bin/bash
# At each decision the pending operation of every enabled lane can be reconstructed from the trace: what a
# search needs to know that two choices commute. See tests/pending.py for what exactly is checked.
. "$(dirname "$0")/../lib.sh"

have python3 || skip_all "no python3"

# pending COMMAND...: some recordings of it; there has to be something to look at in each.
pending() {
	local name=${1##*/} way said
	for way in natural "random --seed 1" "random --seed 2"; do
		fr record --strategy $way -o "$name.zst" -- "$@"
		is "$name, $way: record" "$status" 0
		said=$("$ROOT/tests/pending.py" "$name.zst" 2>&1)
		is "$name, $way: every operation is known" "$(tail -n +2 <<<"$said")" ""
		like "$name, $way: there were decisions" "$said" '^[1-9][0-9]* decisions, [1-9]'
	done
}

targets=$B/targets
pending "$targets/mutex"
pending "$targets/cond"
pending "$targets/rwlock" 20
pending "$targets/barrier"
pending "$targets/spin"
pending "$targets/sem" 20
pending "$targets/futex" 20
pending "$targets/once"
pending "$targets/cancel"
pending "$targets/c11_threads" 20
pending "$targets/pipe_threads"
pending "$targets/poll_select" 20
pending "$targets/all_primitives" 5
pending "$targets/sig_suspend"
pending "$targets/sig_sem_post"
# Signals were there: the same check, with handlers between a decision and its operation.
like "signals came between" "$("$ROOT/tests/pending.py" sig_sem_post.zst)" ' [1-9][0-9]* signals$'

# The check finds what it looks for: an announcement that is missing, another operation than announced,
# a choice that was none.
fr record --strategy random --seed 1 -o good.zst -- "$targets/mutex"
# broken NAME FILTER REGEX: the lines of the trace through a jq filter.
broken() {
	zstdcat -q good.zst | jq -c "$2" | zstd -q -f -o broken.zst
	like "$1 is found" "$("$ROOT/tests/pending.py" broken.zst)" "$3"
}
broken "a missing announcement" 'select((.p == "announced" and .l == 2) | not)' \
	'decided and (not announced|announced nothing)|is not known'
broken "another object" 'if .e == "mutex_lock" and (.p | not) then .o += 1 else . end' \
	'was about to do mutex_lock on'
broken "another operation" 'if .e == "mutex_lock" and (.p | not) then .e = "mutex_trylock" else . end' \
	'was about to do mutex_lock on'
broken "a choice that is none" 'if .d == "pick" then .from -= [.to] else . end' 'chosen and not enabled'
broken "a lane that cannot go on" 'if .d == "pick" then .from += [99] else . end' \
	'lane 99 is enabled and does not exist'

done_testing
