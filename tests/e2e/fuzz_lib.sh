# What the tests of `frontrun fuzz` share; sourced behind lib.sh.

export PATH=$B:$PATH
# A search that was not meant to be long, on a machine that is busy with something else.
LIMIT=${FRONTRUN_TEST_LIMIT:-120}

# expect NAME KEY: of corpus/NAME.expect.
expect() {
	sed -n "s/^$2=//p" "$ROOT/corpus/$1.expect"
}

# with_options NAME: sets `options` to what NAME.expect asks for.
with_options() {
	local steps parameter
	steps=$(expect "$1" steps)
	parameter=$(expect "$1" parameter)
	options=(${parameter:+--parameter "$parameter"} ${steps:+--steps "$steps"})
}

# fuzz ARGUMENT...: a search with seed 1, which keeps no schedules.
fuzz() {
	fr fuzz --seed 1 --corpus "" "$@"
}

# field FILTER: of the JSON object in $out.
field() {
	jq -r "$1" <<<"$out"
}

# program NAME [FLAG...] <SOURCE: compiles $T/NAME.
program() {
	local name=$1
	shift
	cat >"$T/$name.c"
	"${CC:-gcc}" -g -O0 -pthread -D_GNU_SOURCE "$@" -o "$T/$name" "$T/$name.c" ||
		fail "compile $name" "see above"
}

# says_once NAME REGEX: that line, and only that, is an error on stderr.
says_once() {
	is "$1: one line" "$(grep -cE "$2" <<<"$err")" 1
	[ "$(grep -cE "$2" <<<"$err")" = 1 ] || diag "stderr:" "$err" "stdout:" "$out"
}

have "${CC:-gcc}" || skip_all "no C compiler"
