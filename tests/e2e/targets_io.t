#!/bin/bash
# Targets of some families: native, recorded and replayed; see tests/rows.sh.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/rows.sh"

check_rows pipe stream socket poll eventfd timerfd signal
done_testing
