#!/bin/bash
# Python programs that do what a tool like this must survive: tests/python/bad/PROGRAMS says each of
# them, and what is expected. Each is run natively, recorded, replayed, and searched for a few schedules.
# An argument is a pattern of the programs to run.
. "$(dirname "$0")/../lib.sh"

PYTHON3=${PYTHON3:-/usr/bin/python3}
BAD=$ROOT/tests/python/bad
# Nothing here takes more than a second or two on an idle machine.
LIMIT=${FRONTRUN_TEST_LIMIT:-60}
ITERATIONS=20 # where nothing is to be found
MOST=200 # where something is

have "$PYTHON3" || skip_all "no $PYTHON3"
for name in ${!PYTHON@}; do
	[ "$name" = PYTHON3 ] || unset "$name"
done
export PYTHONDONTWRITEBYTECODE=1

# build_extension: c_threads for $PYTHON3, where its headers are.
build_extension() {
	local include
	include=$("$PYTHON3" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
	[ -e "$include/Python.h" ] && have "${CC:-gcc}" || return
	mkdir "$T/lib"
	"${CC:-gcc}" -shared -fPIC -Wall -Wextra -I "$include" -o "$T/lib/c_threads.so" "$BAD/c_threads.c"
	export PYTHONPATH=$T/lib
}

# words FILE: stderr of the program itself, without addresses.
words() {
	target_stderr "$1" | sed -E 's/0x[0-9a-f]+/0x/g'
}

# done_as WHAT STATUS EXPECTED: adds to `wrong`.
done_as() {
	[ "$2" = "$3" ] || wrong+=("$1: status $2, expected $3" "$(tail -n 15 <<<"$out")" "$(tail -n 15 <<<"$err")")
}

same_as() {
	local said
	said=$(diff -u --label "$2" --label "$3" "$2" "$3" 2>&1 | head -15) && [ -z "$said" ] ||
		wrong+=("$1: differs" "$said")
}

report() {
	if [ ${#wrong[@]} -eq 0 ]; then
		pass "$1"
	else
		fail "$1" "${wrong[@]}"
	fi
}

fresh() {
	cp "$BAD/$name.py" "$T/itself.py"
}

# One row: a test each for the native run, record, replay and fuzz.
check() {
	local wrong=() file=$BAD/$name.py input=/dev/null command title
	[ "$stdin" = - ] || input=$BAD/$stdin
	[ "$way" != - ] || way=
	[ "$argv" != - ] || argv=
	title="$name${way:+ ($way)}${argv:+ $argv}"
	if [ "$needs" != - ] && ! "$PYTHON3" -c "import $needs" 2>/dev/null; then
		skip "$title" "no $needs for $PYTHON3"
		return
	fi
	# shellcheck disable=SC2206
	command=("$PYTHON3" $way "$file" ${argv//@copy/$T/itself.py})
	[[ $argv != @copy* ]] || command[1]=$T/itself.py

	fresh
	if [ "$native" != - ] && [ "$native" != hang ]; then
		run "${command[@]}" <"$input" 2>/dev/null
		mv "$T/out" native.out
		words "$T/err" >native.err
		done_as native "$status" "$native"
		report "$title: native"
	fi

	wrong=()
	fresh
	fr record -o record.zst -- "${command[@]}" <"$input"
	mv "$T/out" record.out
	words "$T/err" >record.err
	if [ "$record" != - ]; then
		done_as record "$status" "$record"
	elif [[ ! $status =~ ^[01]$ ]]; then
		wrong+=("record: status $status")
	fi
	record=$status
	if [ "$native" != - ] && [ "$native" != hang ]; then
		[ "$kind" = own ] || same_as "recorded stdout" native.out record.out
		[ "$kind" != same ] || same_as "recorded stderr" native.err record.err
	fi
	report "$title: record"

	if [ "$replay" != - ] || [ "$native" = - ]; then
		wrong=()
		fresh
		[ "$replay" != - ] || replay=$((record != 0))
		fr replay -o replay.zst record.zst <"$input"
		mv "$T/out" replay.out
		words "$T/err" >replay.err
		done_as replay "$status" "$replay"
		same_as "replayed stdout" record.out replay.out
		same_as "replayed stderr" record.err replay.err
		[ "$(info record.zst order_hash)" = "$(info replay.zst order_hash)" ] ||
			wrong+=("another order in the replay")
		report "$title: replay"
	fi

	if [ "$fuzz" != - ]; then
		wrong=()
		fresh
		rm -rf frontrun-failures
		fr fuzz --seed 1 --corpus "" --iterations $((fuzz == 1 ? MOST : ITERATIONS)) -- \
			"${command[@]}" <"$input"
		done_as fuzz "$status" "$fuzz"
		[ "$words" = - ] || grep -Eq -e "$words" <<<"$out$err" ||
			wrong+=("fuzz does not say: $words" "$out" "$err")
		report "$title: fuzz"
	fi
}

build_extension
# Not read from a pipe that the programs would inherit.
mapfile -t rows < <(grep -v '^#' "$BAD/PROGRAMS")
for row in "${rows[@]}"; do
	IFS='|' read -r name way argv stdin needs kind native record replay fuzz words <<<"$row"
	for field in name way argv stdin needs kind native record replay fuzz words; do
		read -r "${field?}" <<<"${!field}"
	done
	[[ $name =~ ${1:-.} ]] && check
done

done_testing
