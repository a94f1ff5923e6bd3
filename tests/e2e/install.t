#!/bin/bash
# make install: the installed CLI finds its library where it was installed, and uninstall leaves
# nothing. Works on a copy of the build directory, so that no other test sees a CLI change.
. "$(dirname "$0")/../lib.sh"

have make && have gcc || skip_all "no make or gcc"
mkdir -p build/obj
cp -a "$FR" "$B/libfrontrun.so" build/
cp -a "$B/obj/cli" "$B/obj/runtime" build/obj/
make_installed() {
	run env -u MAKEFLAGS -u MAKELEVEL make -C "$ROOT" B="$T/build" "$@"
}

make_installed install PREFIX="$T/usr"
is "make install" "$status" 0
[ "$status" = 0 ] || diag "$out" "$err"
is "what is installed" "$(cd usr && find . -type f | sort | xargs)" \
	"./bin/frontrun ./lib/frontrun/libfrontrun.so"

rm -r build/libfrontrun.so build/frontrun
FR=$T/usr/bin/frontrun
PATH=$T/usr/bin:$PATH
run frontrun --version
like "the installed CLI runs from PATH" "$out" '^frontrun [0-9]+\.[0-9]+\.[0-9]+'
record_replay bank "$B/corpus/bank"

make_installed uninstall PREFIX="$T/usr"
is "make uninstall" "$status" 0
is "what is left" "$(find usr -type f)" ""

make_installed install PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu/frontrun DESTDIR="$T/stage"
is "make install for a package" "$status" 0
is "what is staged" "$(cd stage && find . -type f | sort | xargs)" \
	"./usr/bin/frontrun ./usr/lib/x86_64-linux-gnu/frontrun/libfrontrun.so"
like "a package's CLI knows where its library will be" "$(strings stage/usr/bin/frontrun)" \
	'^/usr/lib/x86_64-linux-gnu/frontrun(/|$)'

done_testing
