#!/bin/bash
# The Python programs of the corpus, natively: under each interpreter a fixed twin ends well, and says
# nothing; a failing program ends well too, fails as its .expect file says, or hangs where it may. Every
# .expect file is complete and every program has its twin.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"

# A failing program may hang for good, by its own bug. Nothing here takes a second on an idle machine.
HANGS=${FRONTRUN_TEST_LIMIT:-10}
KEYS='error|gil|gil-3\.1[0-9]|since|steps|budget|kind|pattern|preemptions|story|threads'

export TMPDIR=$T

# expect NAME KEY: of corpus/python/NAME.expect.
expect() {
	sed -n "s/^$2=//p" "$ROOT/corpus/python/$1.expect"
}

# well_formed NAME: the files of one bug.
well_formed() {
	local name=$1 wrong=() file lines
	for file in "$name" "${name}_ok"; do
		file=$ROOT/corpus/python/$file.py
		lines=$(wc -l <"$file" 2>&1) || wrong+=("no $file")
		[ "$lines" -le 60 ] || wrong+=("$file has $lines lines")
		[ "$(head -c 3 "$file")" = '"""' ] || wrong+=("$file does not open with what it is")
	done
	file=$ROOT/corpus/python/$name.expect
	grep -Evq "^(#|($KEYS)=)" "$file" && wrong+=("unknown: $(grep -Ev "^(#|($KEYS)=)" "$file")")
	[[ $(expect "$name" kind) =~ ^(deadlock|livelock|exception|exit:1)$ ]] || wrong+=("kind")
	[[ $(expect "$name" gil) =~ ^(on|off)$ ]] || wrong+=("gil")
	[[ $(expect "$name" kind) == *lock || -n $(expect "$name" error) ]] || wrong+=("no error")
	[[ $(expect "$name" kind) != livelock || -n $(expect "$name" steps) ]] || wrong+=("no steps")
	[[ $(expect "$name" budget) =~ ^10000?$ && -n $(expect "$name" story) ]] || wrong+=("budget, story")
	if [ ${#wrong[@]} -eq 0 ]; then
		pass "$name: well formed"
	else
		fail "$name: well formed" "${wrong[@]}"
	fi
}

# The words that a failure of the program may end with: those of the exception that nobody caught.
failed_as_expected() {
	grep -Eq "^([a-z_]+\.)*$(expect "$1" error)(:|\$)" "$T/err"
}

# native MINOR PYTHON NAME: the failing program. How often it fails is a matter of luck.
native() {
	local minor=$1 python=$2 name=$3 kind
	kind=$(expect "$name" kind)
	LIMIT=$HANGS run "$python" "$ROOT/corpus/python/$name.py"
	if [[ $status == hung* && $kind == *lock ]]; then
		pass "$name: $minor: hangs, as it may"
	elif [ "$status" != 0 ]; then
		ok "$name: $minor: fails as expected" failed_as_expected "$name"
		[ "$kind" = exit:1 ] || fail "$name: $minor: status $status, for $kind" "$err"
	elif grep -q '^Exception in thread' "$T/err"; then
		ok "$name: $minor: a thread fails as expected" failed_as_expected "$name"
	else
		pass "$name: $minor: ends"
	fi
}

twin() {
	local minor=$1 python=$2 name=${3}_ok
	LIMIT=$HANGS run "$python" -W ignore "$ROOT/corpus/python/$name.py"
	is "$name: $minor" "$status $out$err" "0 "
}

programs=()
for source in "$ROOT"/corpus/python/*.expect; do
	programs+=("$(basename "$source" .expect)")
done
for name in "${programs[@]}"; do
	well_formed "$name"
done
is "no program without an .expect file" "$(find "$ROOT/corpus/python" -name '*.py' | wc -l)" \
	$((2 * ${#programs[@]}))
mapfile -t all < <(interpreters)
for line in "${all[@]}"; do
	read -r minor python <<<"$line"
	for name in "${programs[@]}"; do
		native "$minor" "$python" "$name"
		twin "$minor" "$python" "$name"
	done
done

done_testing
