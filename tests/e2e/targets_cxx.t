#!/bin/bash
# Targets of some families: native, recorded and replayed; see tests/rows.sh.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/rows.sh"

check_rows c++ rust yield time deadlock identity library

# Who is slow may wake up late, which is why the order of sleep_sort is open. By default nobody is.
run "$B/targets/sleep_sort" 50
native=$out
fr record -o sleep.zst -- "$B/targets/sleep_sort" 50
is "sleep_sort: in the order of time where nobody is slow" "$out" "$native"
fr record -o sleep.zst -- "$B/targets/sleep_sort" 500000
is "sleep_sort: ten times 500 seconds take no time" "$out" "$native"
done_testing
