#!/bin/bash
# What standard output was in the recording it is in the replay, wherever the output goes: the same
# events, the same bytes.
. "$(dirname "$0")/../lib.sh"

have script || skip_all "no script(1)"
python=/usr/bin/python3

# on_terminal OUTPUT COMMAND...: with standard input, output and error on a terminal.
on_terminal() {
	local output=$1
	shift
	script -qec "$(printf '%q ' "$@")" /dev/null </dev/null | tr -d '\r' >"$output"
	return "${PIPESTATUS[0]}"
}

# into KIND OUTPUT COMMAND...: with standard output being a KIND.
into() {
	case $1 in
	file) "${@:3}" >"$2" ;;
	pipe) "${@:3}" | cat >"$2" ;;
	null) "${@:3}" >/dev/null ;;
	terminal) on_terminal "$2" bash -c '"$@" 2>err' - "${@:3}" ;;
	esac 2>err
}

# same_everywhere NAME COMMAND...
same_everywhere() {
	local name=$1 from to
	shift
	for from in file pipe terminal; do
		into $from recorded "$FR" record -o s.zst --strategy random --seed 3 -- "$@"
		like "$name: records into a $from" "$(cat err)" 'exit status 0$'
		is "$name: the trace says so" "$(zstdcat -q s.zst | head -n 1 | jq -r '.streams[1]')" $from
		for to in file pipe terminal; do
			rm -f replayed
			into $to replayed "$FR" replay s.zst
			like "$name: $from replayed into a $to" "$(cat err)" 'replayed .*, identical;'
			same_file "$name: $from replayed into a $to: the output" recorded replayed
		done
		into null "" "$FR" replay s.zst
		like "$name: $from replayed into nothing" "$(cat err)" 'replayed .*, identical;'
	done
}

same_everywhere "C" "$B/targets/stdout_kind"
if [ -x "$B/targets/cxx_stdout" ]; then
	same_everywhere "C++" "$B/targets/cxx_stdout"
	same_everywhere "C++ without stdio" "$B/targets/cxx_stdout" alone
else
	skip "C++" "no g++"
fi
if have $python; then
	same_everywhere "Python" $python "$ROOT/tests/targets/py_stdout.py"
else
	skip "Python" "no python3"
fi

# A file that the program itself puts there before an exec is no standard output any more.
on_terminal said "$FR" record -o x.zst bash -c 'exec "$0" >exec.out' "$B/targets/stdout_kind"
like "exec into a file of the program's own" "$(cat exec.out)" '^no terminal, file$'
rm exec.out
on_terminal said "$FR" replay --live x.zst # bash opens /dev/tty
is "exec into a file of the program's own: replay" "$?" 0
like "exec into a file of the program's own: the same again" "$(cat exec.out)" '^no terminal, file$'

# A trace without the kinds is read as before.
fr record --no-input -o s.zst "$B/targets/stdout_kind"
zstdcat -q s.zst | jq -c 'del(.streams)' | zstd -q -f -o old.zst
fr replay old.zst
is "a trace that does not say what the streams were" "$status" 0

done_testing
