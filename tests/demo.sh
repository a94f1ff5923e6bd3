#!/bin/bash
# `make demo`: records a small bank program, shows its interleaving, replays it, and finds its bug. Prints each
# command that it runs; fails when any of them does not do what it should.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")
program=$build/corpus/bank
trace=$build/demo/trace.zst
mkdir -p "$build/demo"

heading() {
	printf '\n== %s\n' "$1"
}

# expect STATUS COMMAND...: prints and runs the command; its stdout is left in $build/demo/output.
expect() {
	local want=$1 status=0
	shift
	printf '$ %s\n' "$*"
	"$@" </dev/null | tee "$build/demo/output" || status=${PIPESTATUS[0]}
	if [ "$status" -ne "$want" ]; then
		echo "make demo: status $status instead of $want" >&2
		exit 1
	fi
}

heading "Record: one thread of $program runs at a time, every decision is written down"
expect 0 "$build/frontrun" record -o "$trace" -- "$program"
cp "$build/demo/output" "$build/demo/recorded"

heading "Show: what happened, thread beside thread"
expect 0 "$build/frontrun" show "$trace"

heading "Replay: the same run again, each step checked against the trace"
expect 0 "$build/frontrun" replay "$trace"

if ! cmp -s "$build/demo/recorded" "$build/demo/output"; then
	echo "make demo: the replay printed something else than the recorded run" >&2
	exit 1
fi

heading "Fuzz: the same program until a schedule fails, and the story of that"
cd "$build/demo"
expect 1 ../frontrun fuzz --seed 1 ../corpus/bank
cd - >/dev/null

heading "Done: the trace is $trace (JSON lines: zstdcat $trace | jq -c .)"
