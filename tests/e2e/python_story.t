#!/bin/bash
# What a trace of a Python program tells by itself: under each interpreter a lost update through two
# methods, and an exception in a thread. The story has names, values and source lines where the
# program is gone; hashes agree; a replay fails in the same way, and one of a program put right passes.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export PYTHONDONTWRITEBYTECODE=1

# found NAME PYTHON: fuzzes a copy of the program in $T/NAME, then takes the copy away.
found() {
	rm -rf "$T/$1" && mkdir "$T/$1" && cd "$T/$1" || exit 1
	cp "$ROOT/corpus/python/$1.py" .
	fuzz --iterations 1000 -- "$2" "$1.py"
	is "$minor: $1: found" "$status" 1
	[ "$status" = 1 ] || diag "$out" "$err"
	mv "$1.py" kept.txt
	fr explain --no-pager --width 100 trace.zst
	is "$minor: $1: explain" "$status" 0
}

lost_update() {
	found counter_method "$1"
	like "$minor: the sentence" "$out" \
		'^Lost update: threads T2 "deposit" and T3 "deposit" both read Account._balance'
	like "$minor: the line, and the value" "$out" 'current = self.get_balance\(\)'
	like "$minor: a value that was read" "$out" 'reads Account._balance = 0'
	like "$minor: a value that is lost" "$out" "<- T[23]'s [12]0 is lost"
	like "$minor: the end" "$out" '^AssertionError: expected 30, got [12]0 \(exit status 1\)'
	like "$minor: can happen" "$out" '^can happen: yes, on this interpreter as it is$'
	fr info --json --verify trace.zst
	is "$minor: the hashes are those of the events" "$(field .verified)" true
	is "$minor: info says so, too" "$(field .gil)" on
	like "$minor: values are sensitive" "$(field '.sensitive | join(" ")')" values
	fr show --no-pager --width 120 trace.zst
	like "$minor: swimlanes" "$out" 'writes Account._balance = 20'
	mv kept.txt counter_method.py
	fr replay trace.zst
	is "$minor: replay fails in the same way" "$status" 1
}

exception() {
	found check_none_call "$1"
	like "$minor: who looked and acted" "$out" \
		'^Check then act: T2 "send" looked at Session._connection at Session.send'
	like "$minor: the thread at fault" "$out" '^ +<- fails here$'
	like "$minor: what it failed with" "$out" "^AttributeError: 'NoneType' object has no attr"
	mv kept.txt check_none_call.py
	fr replay trace.zst
	is "$minor: a replay raises it again" "$status" 1
	# The thread does not look behind its own back any more.
	cp "$ROOT/corpus/python/check_none_call_ok.py" check_none_call.py
	fr replay --follow trace.zst
	is "$minor: put right it passes" "$status" 0
}

# Read first: frontrun takes what is in an open pipe for input of the program.
mapfile -t all < <(interpreters)
tried=0
for line in "${all[@]}"; do
	read -r minor python <<<"$line"
	[ -e "$B/libfrontrun-python$minor.so" ] || continue
	lost_update "$python"
	exception "$python"
	tried=$((tried + 1))
done
[ $tried -gt 0 ] || skip "stories of Python programs" "there is no agent for any interpreter"
no_orphans
done_testing
