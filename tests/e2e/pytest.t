#!/bin/bash
# `frontrun pytest`: a suite runs as ever, what starts threads is explored, and nothing is skipped in
# silence.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/pytest_lib.sh"

#
# The whole suite
#
run "$PYTHON" -m pytest -p no:cacheprovider -rA --flavour mint \
	--deselect tests/test_kinds.py::test_marked_alone
native=$(outcomes)
is "natively one test fails" "$(grep -c ^FAILED <<<"$native")" 1
rm -f runs

suite -rA --flavour mint --doctest-modules --strict-markers "${FEW[@]}" -k 'not lost and not deadlock and not without_gil and not test_exception or always'
is "suite: status" "$status" 1
is "suite: what is right passes" "$(outcomes | grep -cE '^PASSED .*(test_safe|test_names|test_pool|test_exception_always|test_alone|test_marked$)')" 9
is "suite: expected failures are left alone" "$(outcome test_xfail) $(outcome test_xpass)" "XFAIL XPASS"
is "suite: a native failure is the native one" "$(outcome test_fails)" FAILED
like "suite: ... with pytest's report" "$out" "^E +AssertionError: assert 'natively' == 'so'"
is "suite: a doctest passes" "$(outcome test_kinds)" PASSED
is "suite: a test without threads runs once" "$(xargs <runs)" alone
like "suite: header" "$out" '^frontrun: each test that starts threads is tried in 5 schedules$'
like "suite: summary" "$out" '^9 tests explored, [0-9]+ schedules in [0-9.]+ s, 0 findings$'
like "suite: a test that fails in every schedule is named" "$out" \
	'^not explored: .*::test_only_native: under the scheduler it fails in every schedule: .*AssertionError'
is "suite: ... and passes" "$(outcome test_only_native)" PASSED
like "suite: a test marked xfail is named" "$out" '^not explored: .*::test_xpass: it is marked xfail$'
like "suite: iterations=0 is named" "$out" '^not explored: .*::test_marked_not: no schedules '
is "suite: a marked test without threads fails" "$(outcome test_marked_alone)" FAILED
like "suite: ... and says why" "$out" '^frontrun: marked frontrun, and too little of it ran: .* second thread'
is "suite: a marker that makes no sense fails" "$(outcome test_marked_wrong)" FAILED
like "suite: ... and says why" "$out" '^frontrun: the marker frontrun knows iterations and time, not loops$'
is "nothing is written" "$(ls -A | grep -vE '^(.pytest_cache|tests|pytest.ini|runs|out|err)$')" ""

suite -rA "${FULL[@]}" -k 'lost or deadlock or without_gil or test_exception and not always'
is "findings: status" "$status" 1
is "findings: what is wrong in some schedule fails" \
	"$(for t in TestClass::test_lost TestUnit::test_lost test_deadlock test_exception; do outcome $t; done | xargs)" \
	"FAILED FAILED FAILED FAILED"
like "story: the pattern" "$out" '^Lost update: '
like "story: the test's own failure" "$out" '^tests/test_kinds.py:[0-9]+: AssertionError: assert 1 == 2$'
like "story: of a TestCase" "$out" '^tests/test_kinds.py:[0-9]+: AssertionError: 1 != 2$'
like "story: a deadlock" "$out" '^Deadlock: '
like "story: an exception in a thread" "$out" '^tests/test_kinds.py:[0-9]+: ValueError: second came first$'
is "traces carry the test's name" "$(cd frontrun-failures && ls | grep -v -- '-passes\.zst$' | sed -E 's/-[0-9a-f]{16}\.zst$//' | sort | xargs)" \
	"tests_test_kinds.py-TestClass-test_lost-exit tests_test_kinds.py-TestUnit-test_lost-exit tests_test_kinds.py-test_deadlock-deadlock tests_test_kinds.py-test_exception-exception tests_test_kinds.py-test_only_without_gil-deadlock"
is "nothing else is written" "$(ls -A | grep -vE '^(frontrun-failures|.pytest_cache|tests|pytest.ini|runs|out|err)$')" ""

is "only without the GIL: passes" "$(outcome test_only_without_gil)" PASSED
like "... and is named" "$out" '^only without the GIL, so no failure: tests/test_kinds.py::test_only_without_gil: frontrun-failures/.*\.zst'

mapfile -t lines < <(sed -n 's/^  replay:  //p' <<<"$out")
is "a replay line for each finding" "${#lines[@]}" 4
for line in "${lines[@]}"; do
	run bash -c "$line"
	is "as printed: $line" "$status" 1
	like "... identical" "$err" '^frontrun: replayed .* identical; '
done

done_testing
