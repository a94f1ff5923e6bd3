#!/bin/bash
# Some of the Python corpus under Python 3.12: what differs between versions.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"
. "$ROOT/tests/e2e/python_fuzz_lib.sh"

cd "$T" || exit 1
some_under 3.12
no_orphans
done_testing
