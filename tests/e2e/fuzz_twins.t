#!/bin/bash
# The fixed twins of the corpus: 300 schedules without a failure, and that they interleaved.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export TMPDIR=$T

twin() {
	local name=${1}_ok
	with_options "$1"
	fuzz --json --iterations 300 "${options[@]}" -- "$B/corpus/$name"
	is "$name: no failure in 300 schedules" \
		"$status $(field '[.end, .schedules, .failed, .uncontrolled] | @text')" \
		'0 ["budget",300,0,0]'
	[ "$status" = 0 ] || diag "$out" "$err"
	# With one thread beside main, which waits, there may be no choice at all.
	ok "$name: more than one order, or no choice" [ "$(field .distinct)" -gt 1 -o "$(field .points)" -le 1 ]
	is "$name: all schedules came to their end" "$(field .ended)" 300
}

for source in "$ROOT"/corpus/*.expect; do
	twin "$(basename "$source" .expect)"
done

# Where nothing is left to try, that is said.
fuzz --iterations 300 -- "$B/corpus/bank_ok"
like "the honest end" "$out" '^no failure in 300 schedules \([0-9]+ distinct, nothing new since [0-9]+\)'
like "exhausted" "$err" '^frontrun: all reversals were tried: the last [0-9]+ schedules brought nothing new$'
done_testing
