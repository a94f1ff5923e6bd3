#!/bin/bash
# `frontrun pytest`: its command line, which is pytest's; what goes wrong; how it is ended from outside.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/pytest_lib.sh"

#
# Arguments are pytest's
#
tests=tests/test_kinds.py
suite -rA "${FEW[@]}" --flavour mint -k test_names -x --maxfail=1 -W error --tb=short --durations 2 \
	--junitxml=report.xml --basetemp=base -s
is "options: status" "$status" 0
is "options: odd names are explored" "$(grep -oE '^[0-9]+ tests explored, [0-9]+ schedules' <<<"$out")" \
	"3 tests explored, 15 schedules"
is "options: a report in XML" "$("$PYTHON" -c 'import sys, xml.dom.minidom as m; print(len(m.parse(sys.argv[1]).getElementsByTagName("testcase")))' report.xml)" 3
suite -q "${FEW[@]}" "$tests::TestUnit::test_safe" "$tests::test_skip_inside"
like "node ids" "$out" '^1 test explored, 5 schedules'
suite -q -k test_safe --rootdir=/ --frontrun-iterations 0
is "--frontrun-iterations 0: nothing is explored" "$status/$(grep -c '^not explored\|s\? explored' <<<"$out")" "0/0"
suite -q -k test_safe -o frontrun_iterations=7 -o frontrun_time=0
like "ini values" "$out" '^1 test explored, 7 schedules'
mkdir -p 'odd [dir]/with blanks'
cp tests/test_kinds.py 'odd [dir]/with blanks/test_odd.py'
cp tests/conftest.py 'odd [dir]/with blanks/'
(cd 'odd [dir]' && suite -q "${FEW[@]}" --rootdir=/ 'with blanks' -k test_safe &&
	like "rootdir elsewhere, odd folders" "$out" '^1 test explored, 5 schedules')
tests_done=$((tests_done + 1))
rm -r 'odd [dir]'
mkdir lf
cat >lf/test_lf.py <<'PY'
from test_more import add_safely


def test_one():
    add_safely()
    assert 0


def test_two():
    add_safely()
PY
sed '/^class TestClass/,$d' tests/test_kinds.py >lf/test_more.py
suite -q "${FEW[@]}" lf
like "--lf: first run" "$out" '^1 test explored'
sed -i 's/assert 0/assert 1/' lf/test_lf.py
suite -q "${FEW[@]}" lf --lf
like "--lf: what failed is explored" "$out" '^1 test explored, 5 schedules'
is "--lf: nothing else" "$status/$(grep -oE '^1 passed' <<<"$out")" "0/1 passed"
if "$PYTHON" -c 'import xdist' 2>/dev/null; then
	suite -q -n 2 "${FULL[@]}" -k 'TestUnit or deadlock'
	is "xdist: status" "$status" 1
	like "xdist: the leader sums up" "$out" '^3 tests explored, [0-9]+ schedules in .*, 2 findings$'
	like "xdist: the story" "$out" '^Deadlock: '
else
	skip "xdist" "no pytest-xdist (make deps)"
fi

#
# What goes wrong
#
suite nosuch.py
is "no such file" "$status" 4
mkdir broken
echo 'def test_x(:' >broken/test_syntax.py
echo 'import nosuchmodule' >broken/test_module.py
suite broken
is "collection errors" "$status/$(grep -c '^ERROR broken' <<<"$out")" 2/2
rm -r broken
suite -k nothing_is_called_so
is "no test" "$status" 5
suite --nosuch-option
is "unknown option" "$status" 4
suite --frontrun-iterations -5
is "a budget that is none" "$status" 4
like "... is named" "$err" '^ERROR: --frontrun-iterations takes a number from 0 '
suite -k test_safe --frontrun-option=--nosuch
is "an option that fuzz does not know" "$status" 4
like "... is named" "$err" "^ERROR: .*unknown option '--nosuch'"
printf '#!/bin/sh\nexec /usr/bin/python3 -I -S "$@"\n' >bare
chmod +x bare
fr pytest --python ./bare
is "no pytest" "$status" 4
like "... is said" "$err" '^frontrun: pytest: .* has no pytest: install it '
fr pytest --python ./nosuch
is "no Python" "$status" 4
like "... is said" "$err" '^frontrun: pytest: ./nosuch: No such file or directory: name a Python '

# The other frontrun is named, and never imported.
mkdir -p other/frontrun other/frontrun-0.7.1.dist-info
echo 'raise SystemExit("imported")' >other/frontrun/__init__.py
printf 'Metadata-Version: 2.1\nName: frontrun\nVersion: 0.7.1\n' >other/frontrun-0.7.1.dist-info/METADATA
PYTHONPATH=$T/other${PYTHONPATH:+:$PYTHONPATH} suite "${FEW[@]}" -k test_safe
like "a namesake is named" "$out" "^frontrun: the package frontrun 0.7.1 of PyPI is installed too \\($T/other/frontrun\\)"
is "... and not used" "$status" 0

if [ "$(id -u)" = 0 ] && have setpriv; then
	chmod 755 "$T"
	TMPDIR=/tmp run setpriv --reuid 65534 --regid 65534 --clear-groups "$FR" pytest \
		--python "$PYTHON" -p no:cacheprovider -q "${FULL[@]}" "$tests::TestUnit::test_lost"
	is "a folder that cannot be written" "$status" 1
	like "... the story is told from elsewhere" "$out" '^  replay:  frontrun replay /tmp/frontrun-failures-65534/'
	rm -rf /tmp/frontrun-failures-65534
else
	skip "a folder that cannot be written" "needs root"
fi

# interrupt SIGNAL: to the process alone, when a schedule runs.
interrupt() {
	"$PYTHON" - "$1" "$FR" pytest --python "$PYTHON" -q -p no:cacheprovider "$tests::TestUnit::test_safe" \
		--frontrun-iterations 1000000 --frontrun-time 0 --frontrun-option="--events=$T/events" <<'PY'
import os, signal, subprocess, sys

number = getattr(signal, sys.argv[1])
os.mkfifo("events")
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
events = open("events")
events.readline()
child.send_signal(number)
print(child.wait())
while events.readline():  # until the search has ended, too
    pass
os.unlink("events")
PY
}
is "SIGINT: pytest's own status" "$(interrupt SIGINT)" 2
no_orphans "SIGINT: nothing is left"
is "SIGKILL" "$(interrupt SIGKILL)" -9
no_orphans "SIGKILL: nothing is left"

done_testing
