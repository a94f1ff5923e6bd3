#!/bin/bash
# `frontrun pytest` with each Python and pytest that is here.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/pytest_lib.sh"

for other in "${all[@]}"; do
	read -r PYTHON folder <<<"$other"
	export -n PYTHONPATH
	[ -z "$folder" ] || export PYTHONPATH=$folder
	name=$("$PYTHON" -c 'import sys, pytest; print("%d.%d, pytest %s" % (sys.version_info[:2] + (pytest.__version__,)))')
	rm -rf frontrun-failures
	suite -rA "${FULL[@]}" -k test_lost
	is "Python $name" "$(outcome TestClass::test_lost) $(outcome TestUnit::test_lost)" "FAILED FAILED"
done

done_testing
