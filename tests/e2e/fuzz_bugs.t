#!/bin/bash
# Each bug of the corpus is found by `frontrun fuzz` within its budget, fails as its .expect file
# says, is confirmed 10 times of 10 and minimised; what is printed is true: the replay line fails,
# the story is that of explain, the trace of the schedule that passes does.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/fuzz_bug_lib.sh"

export TMPDIR=$T

for source in "$ROOT"/corpus/*.expect; do
	bug "$(basename "$source" .expect)"
done
most_are_fewest
done_testing
