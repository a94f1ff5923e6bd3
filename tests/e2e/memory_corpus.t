#!/bin/bash
# The bugs of corpus/memory, which need accesses to memory as scheduling points: each is found within
# its budget and told, and fails again; the fixed twins do not fail in as many schedules.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/fuzz_bug_lib.sh"

export TMPDIR=$T

for source in "$ROOT"/corpus/memory/*.expect; do
	name=memory/$(basename "$source" .expect)
	# Six steps in turn: attempted by `make bench-full`, and not to be had here.
	[ $name = memory/safe_stack ] || bug $name
done
most_are_fewest

for source in "$ROOT"/corpus/memory/*.expect; do
	name=memory/$(basename "$source" .expect)
	fuzz --json --iterations 300 -- "$B/corpus/${name}_ok"
	# The fixed seqlock and Peterson's lock are plain accesses, so races by the letter.
	case $name in
	memory/seqlock_reader | memory/peterson_swapped) ;;
	*) is "$name, fixed: no data race" "$(field '.races | length')" 0 ;;
	esac
	is "$name, fixed: no failure in 300 schedules" \
		"$status $(field '[.end, .schedules, .ended, .failed, .uncontrolled] | @text')" \
		'0 ["budget",300,300,0,0]'
	[ "$status" = 0 ] || diag "$out" "$err"
done
done_testing
