#!/bin/bash
# The second third of the Python corpus, with the system's interpreter.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"
. "$ROOT/tests/e2e/python_fuzz_lib.sh"

cd "$T" || exit 1
python=/usr/bin/python3
minor=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
for source in "$ROOT"/corpus/python/[e-m]*.expect; do
	search "$minor" $python "$(basename "$source" .expect)"
done
enough_named
done_testing
