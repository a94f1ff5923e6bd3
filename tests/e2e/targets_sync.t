#!/bin/bash
# Targets of some families: native, recorded and replayed; see tests/rows.sh.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/rows.sh"

check_rows thread cancel mutex cond rwlock spin barrier once sem c11 futex errors
# A reader that waits behind a writer, while those who read can go on, is no deadlock.
said=
for ((seed = 10; seed < 40; seed++)); do
	fr record --strategy random --seed $seed -o writer.zst -- "$B/targets/rwlock_writer"
	[ "$status" = 0 ] || said+="seed $seed: $err"
done
is "rwlock_writer: 30 more seeds" "$said" ""

# No row may be forgotten: special kinds have tests of their own, families are named here; what a
# stranger's trace would run is in hostile.t.
is "every family of TARGETS is in one of these files" "$(
	awk -F '|' '!/^#/ { gsub(/ /, "", $4); if ($4 != "stranger") print $4 }' "$ROOT/tests/targets/TARGETS" | sort -u |
		grep -vxF "$(cat "$ROOT"/tests/e2e/targets_*.t | grep -E '^(check|each)_row' | tr ' ' '\n')"
)" ""
done_testing
