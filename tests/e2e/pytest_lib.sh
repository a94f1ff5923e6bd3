# What the tests of `frontrun pytest` share; sourced behind lib.sh. They run in a copy of
# pytest_suite/, with the first Python here that has pytest. Searches are limited by schedules alone, so
# that each is the same wherever it runs.

# pythons: each interpreter here that has a pytest, its own or one of `make deps`, as
# "PYTHON FOLDER-FOR-PYTHONPATH".
pythons() {
	local python version
	for python in /usr/bin/python3 "$HOME"/.pyenv/versions/3.1[123].*/bin/python3; do
		[ -x "$python" ] || continue
		version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || continue
		if "$python" -c 'import pytest' 2>/dev/null; then
			echo "$python"
		elif PYTHONPATH=$B/pip/$version "$python" -c 'import pytest' 2>/dev/null; then
			echo "$python $B/pip/$version"
		fi
	done
}
mapfile -t all < <(pythons)
[ ${#all[@]} -gt 0 ] || skip_all "no Python with pytest (make deps)"
read -r PYTHON folder <<<"${all[0]}"
export PYTHONDONTWRITEBYTECODE=1 RUNS=$T/runs PATH=$B:$PATH
export -n PYTHONPATH
[ -z "$folder" ] || export PYTHONPATH=$folder

cp -r "$ROOT/tests/e2e/pytest_suite/." .
FULL=(--frontrun-iterations 200 --frontrun-time 0 --frontrun-option=--confirm=1)
FEW=(--frontrun-iterations 5 --frontrun-time 0)

# suite ARGUMENT...: as a user would, without colours.
suite() {
	fr pytest --python "$PYTHON" --color=no "$@"
}

# outcomes: "OUTCOME node" a line, of what -rA printed.
outcomes() {
	sed -nE 's/^(PASSED|FAILED|XFAIL|XPASS|ERROR) ([^ ].*)$/\1 \2/p' <<<"$out" |
		sed -E 's/ - .*//; s/ (reason: .*)?$//' | sort
}

# outcome NODE: of the last run.
outcome() {
	outcomes | grep -F "tests/test_kinds.py::$1" | cut -d ' ' -f 1 | xargs
}
