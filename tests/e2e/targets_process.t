#!/bin/bash
# Targets of some families: native, recorded and replayed; see tests/rows.sh.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/rows.sh"

check_rows process flock libc ipc exit limits load python
done_testing
