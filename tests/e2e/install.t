#!/bin/bash
# make install: the installed CLI finds its libraries and its Python files where they were installed, and
# uninstall leaves nothing. Works on a copy of the build directory, so that no other test sees a CLI change.
. "$(dirname "$0")/../lib.sh"

have make && have gcc || skip_all "no make or gcc"
mkdir -p build/obj
cp -a "$FR" "$B"/libfrontrun*.so build/
cp -a "$B/obj/cli" "$B/obj/runtime" "$B"/obj/agent-* build/obj/
# below FOLDER: everything that belongs to the installed library.
below() {
	(cd "$B" && printf "$1/%s\n" libfrontrun*.so)
	(cd "$ROOT" && printf "$1/%s\n" python/*/*.py)
}
make_installed() {
	run env -u MAKEFLAGS -u MAKELEVEL make -C "$ROOT" B="$T/build" "$@"
}

make_installed install PREFIX="$T/usr"
is "make install" "$status" 0
[ "$status" = 0 ] || diag "$out" "$err"
is "what is installed" "$(cd usr && find . -type f | sort | xargs)" \
	"$({ echo ./bin/frontrun && below ./lib/frontrun; } | sort | xargs)"

rm -r build/libfrontrun*.so build/frontrun build/python
FR=$T/usr/bin/frontrun
PATH=$T/usr/bin:$PATH
run frontrun --version
like "the installed CLI runs from PATH" "$out" '^frontrun [0-9]+\.[0-9]+\.[0-9]+'
record_replay bank "$B/corpus/bank"
if /usr/bin/python3 -c 'import pytest' 2>/dev/null; then
	cp -r "$ROOT/tests/e2e/pytest_suite/." .
	run frontrun pytest --python /usr/bin/python3 -q --frontrun-iterations 5 --frontrun-time 0 \
		tests/test_kinds.py::TestUnit::test_safe
	like "the installed CLI finds its plugin" "$out" '^1 test explored, 5 schedules'
else
	skip "the installed CLI finds its plugin" "no pytest (make deps)"
fi

make_installed uninstall PREFIX="$T/usr"
is "make uninstall" "$status" 0
is "what is left" "$(find usr -type f)" ""

make_installed install PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu/frontrun DESTDIR="$T/stage"
is "make install for a package" "$status" 0
is "what is staged" "$(cd stage && find . -type f | sort | xargs)" \
	"$({ echo ./usr/bin/frontrun && below ./usr/lib/x86_64-linux-gnu/frontrun; } | sort | xargs)"
like "a package's CLI knows where its library will be" "$(strings stage/usr/bin/frontrun)" \
	'^/usr/lib/x86_64-linux-gnu/frontrun(/|$)'

done_testing
