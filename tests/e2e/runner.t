#!/bin/bash
# The test runner itself: what it counts, and what it must not let pass.
. "$(dirname "$0")/../lib.sh"

mkdir -p tree/tests/unit tree/tests/e2e
cp "$ROOT/tests/run" tree/tests/
cd tree || exit 1

# file NAME: an e2e file with the body on stdin. It is the only one until the next call.
file() {
	rm -f tests/e2e/*
	{ echo '#!/bin/bash' && cat; } >"tests/e2e/$1.t"
	chmod +x "tests/e2e/$1.t"
	run "$PYTHON" tests/run --build build e2e/
	last=$(tail -n 1 <<<"$out")
}
# What is left behind here stays: no need to give it time.
export FRONTRUN_TEST_GRACE=0.1
PYTHON=${PYTHON:-python3}

file good <<<'echo "ok 1 - a"; echo "ok 2 - b # SKIP no rustc"; echo 1..2'
is "a file that passes: summary" "$last" "1 passed, 0 failed, 1 skipped"
is "a file that passes: status" "$status" 0
like "a skip is named with its reason" "$out" 'skipped: b \(no rustc\)'

file bad <<<'echo "ok 1 - a"; echo "not ok 2 - b"; echo "# because"; echo 1..2'
is "a failed test: summary" "$last" "1 passed, 1 failed, 0 skipped"
is "a failed test: status" "$status" 1
like "the output of a failed file is shown" "$out" '\| # because'

file none <<<'echo "1..0 # SKIP no zstd"'
is "nothing but a skip: summary" "$last" "0 passed, 0 failed, 1 skipped"
is "a run without any test that passed is no success" "$status" 1

file short <<<'echo 1..3; echo "ok 1 - a"'
like "fewer tests than planned" "$out" 'planned 3 tests, reported 1'

file noplan <<<'echo "ok 1 - a"'
like "a file that ends early" "$out" 'no plan'
is "a file that ends early: status" "$status" 1

file status <<<'echo 1..1; echo "ok 1 - a"; exit 3'
like "an exit status without a failed test" "$out" 'yet exit status 3'

file signal <<<'echo 1..1; echo "ok 1 - a"; kill -SEGV $$'
like "a file that dies of a signal" "$out" 'died of SIGSEGV'

# In a session of its own, so that only the token tells whose it is; killed by the runner.
file orphan <<<'setsid sleep 1000 & echo 1..1; echo "ok 1 - a"'
like "a process left behind" "$out" 'processes left behind: [0-9]+ sleep 1000'
is "a process left behind: status" "$status" 1

# One that has lost the environment is found by its session.
file cleared <<<'env -i sleep 1000 & echo 1..1; echo "ok 1 - a"'
like "a process left behind with an empty environment" "$out" 'left behind: [0-9]+ sleep 1000'

chmod -x tests/e2e/cleared.t
run "$PYTHON" tests/run --build build e2e/
like "a file that cannot run" "$out" 'missing or not executable'

done_testing
