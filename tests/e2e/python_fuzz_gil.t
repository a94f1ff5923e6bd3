#!/bin/bash
# The options for Python: what needs an interpreter without the GIL is reported, and is a failure only if
# that is asked for; where switches are allowed; without the agent.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"
. "$ROOT/tests/e2e/python_fuzz_lib.sh"

cd "$T" || exit 1
python=/usr/bin/python3 plain=$ROOT/corpus/python/counter_plain.py
rm -rf frontrun-failures
fuzz --iterations 300 --fail-on can-happen -- $python "$plain"
is "--fail-on can-happen: status" "$status" 0
like "... reported" "$out" "only without the GIL"
like "... as what it is" "$out" "not counted as a failure"
fuzz --iterations 300 --gil on -- $python "$plain"
is "--gil on: not found" "$status" 0
fuzz --iterations 300 --gil off -- $python "$plain"
is "--gil off: found" "$status" 1
fuzz --iterations 300 --no-agent -- $python "$plain"
is "--no-agent: variables are not seen" "$status" 0
done_testing
