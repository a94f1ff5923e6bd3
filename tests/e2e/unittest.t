#!/bin/bash
# `frontrun unittest`: as `python -m unittest`, and what starts threads is explored.
. "$(dirname "$0")/../lib.sh"

PYTHON=
for python in /usr/bin/python3 "$HOME"/.pyenv/versions/3.1[123].*/bin/python3; do
	[ ! -x "$python" ] || "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || continue
	[ ! -x "$python" ] || PYTHON=$PYTHON${PYTHON:+ }$python
done
read -ra all <<<"$PYTHON"
[ ${#all[@]} -gt 0 ] || skip_all "no Python"
PYTHON=${all[0]}
export PYTHONDONTWRITEBYTECODE=1 RUNS=$T/runs PATH=$B:$PATH
cp -r "$ROOT/tests/e2e/unittest_suite/." .
FULL=(--frontrun-iterations 200 --frontrun-time 0 --frontrun-option=--confirm=1)
FEW=(--frontrun-iterations 5 --frontrun-time 0)

suite() {
	fr unittest --python "$PYTHON" "$@"
}

# outcomes: "NAME outcome" a line, of a verbose run.
outcomes() {
	grep -oE '^test_[a-z_]+ .*\.\.\. .*$' <<<"$err" | sed -E 's/ .*\.\.\. / /' | sort
}

suite -v "${FULL[@]}"
is "suite: status" "$status" 1
is "suite: outcomes" "$(outcomes | paste -sd,)" "$(paste -sd, <<'END'
test_alone ok
test_exception FAIL
test_expected expected failure
test_fails FAIL
test_lost FAIL
test_lost_in_part FAIL
test_only_native ok
test_safe ok
test_served ok
test_skip skipped 'no'
END
)"
like "suite: a failing part is a failure" "$err" '^FAIL: test_lost_in_part '
is "suite: a test without threads runs once" "$(xargs <runs)" alone
like "header" "$err" '^frontrun: each test that starts threads is tried in 200 schedules$'
like "summary" "$err" '^frontrun: [0-9]+ tests explored, [0-9]+ schedules in [0-9.]+ s, 3 findings$'
like "what fails in every schedule is named" "$err" \
	'^frontrun: not explored: test_cells.Cells.test_only_native: under the scheduler it fails in every schedule: '
like "story: the pattern" "$err" '^Lost update: '
like "story: the test's own failure" "$err" '^test_cells.py:[0-9]+: AssertionError: 1 != 2$'
like "story: an exception in a thread" "$err" '^test_cells.py:[0-9]+: ValueError: second came first$'
like "a native failure is the native one" "$err" "^AssertionError: 'natively' != 'so'$"
is "nothing else is written" "$(ls -A | grep -vE '^(frontrun-failures|test_cells.py|runs|out|err)$')" ""
mapfile -t lines < <(sed -n 's/^  replay:  //p' <<<"$err")
is "a replay line for each finding" "${#lines[@]}" 3
for line in "${lines[@]}"; do
	run bash -c "$line"
	is "as printed: $line" "$status" 1
done

mkdir inner
cp test_cells.py inner/test_inner.py
suite "${FEW[@]}" -b test_cells.Cells.test_safe
like "a test by its name" "$err" '^frontrun: 1 test explored, 5 schedules'
suite discover "${FEW[@]}" -s inner -k test_safe -v
is "discover: status" "$status" 0
like "discover" "$err" '^frontrun: 1 test explored, 5 schedules'
suite --frontrun-iterations 0 test_cells.Cells.test_safe
is "--frontrun-iterations 0" "$status/$(grep -c ' explored, ' <<<"$err")" 0/0
suite --frontrun-iterations -5
is "a budget that is none" "$status" 2
like "... is named" "$err" '^frontrun: unittest: --frontrun-iterations takes a number from 0 '
suite --frontrun-option=--nosuch test_cells.Cells.test_safe
is "an option that fuzz does not know" "$status" 2
like "... is named" "$err" "^frontrun: unittest: .*unknown option '--nosuch'"
suite nosuchmodule
is "no such module" "$status" 1
fr unittest --python ./nosuch
is "no Python" "$status" 2

for PYTHON in "${all[@]:1}"; do
	suite -v "${FULL[@]}" test_cells.Cells.test_lost test_cells.Cells.test_safe
	is "$("$PYTHON" --version)" "$(outcomes | paste -sd,)" "test_lost FAIL,test_safe ok"
done

done_testing
