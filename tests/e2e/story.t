#!/bin/bash
# frontrun explain names the bug pattern of every corpus program, from the trace alone: what its .expect file calls it.
# At least nine of ten, whatever other switches a random schedule has beside those that matter.
. "$(dirname "$0")/../lib.sh"

LIMIT=${FRONTRUN_TEST_LIMIT:-30}
SCHEDULES=3

# The first sentence, on one line.
sentence() {
	"$FR" explain --last 0 --width 80 "$1" | sed '/^$/q' | tr '\n' ' '
}

named=0 told=0 lines=0
wrong=()
for expect in "$ROOT"/corpus/*.expect; do
	name=$(basename "$expect" .expect)
	want=$(sed -n 's/^story=//p' "$expect")
	[ -n "$want" ] || continue
	found=0
	for ((seed = 1; seed <= 1000 && found < SCHEDULES; seed++)); do
		fr record --strategy random --seed $seed -o "$name.zst" -- "$B/corpus/$name"
		[ "$status" != 0 ] || continue
		found=$((found + 1)) told=$((told + 1))
		got=$(sentence "$name.zst")
		if [[ ${got,,} == "$want: "* ]]; then
			named=$((named + 1))
		else
			wrong+=("$name, seed $seed: expected \"$want\", got: $got")
		fi
		n=$("$FR" explain --last 0 --width 80 "$name.zst" | sed '/^  replay:  /,$d' | wc -l)
		[ "$n" -le "$lines" ] || lines=$n
		widest=$("$FR" explain --last 0 --width 80 "$name.zst" | sed '/preemption.* minimised$/,$d' |
			awk '{ if (length($0) > n) n = length($0) } END { print n + 0 }')
		[ "$widest" -le 80 ] || wide="$wide $name:$widest"
	done
	is "$name: fails in $SCHEDULES schedules" "$found" "$SCHEDULES"
done
diag "named as expected: $named of $told" "${wrong[@]}"
ok "at least nine of ten stories have the expected name" [ $((named * 10)) -ge $((told * 9)) ]
ok "a story with its detail is short" [ "$lines" -le 60 ]
is "a story fits into 80 columns" "$wide" ""

done_testing
