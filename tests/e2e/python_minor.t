#!/bin/bash
# Findings in Python programs replayed under another minor version of the interpreter: they fail as they did, or it is
# said what of them is missing there.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"

cd "$T" || exit 1
export TMPDIR=$T
# A fair part of the corpus: switches inside a statement, a lock, a library and a wait; each kind of end.
BUGS="counter_property abba_with queue_empty event_cleared dict_changed after_you if_not_while"

mapfile -t all < <(interpreters)
pythons=()
for line in "${all[@]}"; do
	read -r minor python <<<"$line"
	[ -e "$B/libfrontrun-python$minor.so" ] && pythons+=("$minor $python")
done
[ ${#pythons[@]} -ge 2 ] || skip_all "there is one minor version of Python only, or agents for no other"

# find_bug NAME MINOR PYTHON: a finding in that program, as NAME-MINOR.zst.
find_bug() {
	local name=$1 minor=$2 python=$3 steps file
	steps=$(sed -n 's/^steps=//p' "$ROOT/corpus/python/$name.expect")
	rm -rf found
	fuzz --confirm 1 --time-limit 3 --iterations 1000 ${steps:+--steps "$steps"} -o found --name x \
		-- "$python" "$ROOT/corpus/python/$name.py"
	is "$minor: $name: found" "$status" 1
	for file in found/*.zst; do
		[[ $file == *-passes.zst ]] || mv "$file" "$name-$minor.zst"
	done
}

# carried NAME FROM TO PYTHON: the finding fails in the same way under that interpreter.
carried() {
	local name=$1 from=$2 to=$3 python=$4
	run "$FR" replay --json "$name-$from.zst" -- "$python" "$ROOT/corpus/python/$name.py"
	is "$name: found under $from, fails alike under $to" "$status" 1
	[ "$status" = 1 ] || diag "$err"
	is "$name: ... with nothing missing" "$(tail -n 1 out | jq -c '[.same,.missing]')" '[1,null]'
}

read -r first first_python <<<"${pythons[0]}"
read -r last last_python <<<"${pythons[-1]}"
for name in $BUGS; do
	find_bug "$name" "$first" "$first_python"
	for line in "${pythons[@]:1}"; do
		read -r minor python <<<"$line"
		carried "$name" "$first" "$minor" "$python"
	done
done
for name in counter_property abba_with; do
	find_bug "$name" "$last" "$last_python"
	carried "$name" "$last" "$first" "$first_python"
done

# The fixed program in the place of the wrong one does not fail.
mkdir fixed
for name in counter_property abba_with; do
	cp "$ROOT/corpus/python/${name}_ok.py" "fixed/$name.py"
	run "$FR" replay "$name-$first.zst" -- "$last_python" "fixed/$name.py"
	like "$name, fixed: passes, or the place is gone" "$status" '^(0|125)$'
	unlike "$name, fixed: no failure" "$err" 'Error|Deadlock'
done

# What is seen, and what is kept of it.
trace=counter_property-$first.zst program=$ROOT/corpus/python/counter_property.py
run "$FR" replay -o carried.zst "$trace" -- "$last_python" "$program"
like "both versions are named" "$err" "^frontrun: recorded under Python $first, and this is Python $last: decisions are taken"
like "how it went" "$err" '^frontrun: replayed in the recorded order, [0-9]+ decisions carried over in [0-9]+ runs; exit status 1$'
is "the output comes once" "$(grep -c ^AssertionError err)" 1
run "$FR" replay carried.zst
is "-o: a trace of that version: status" "$status" 1
like "-o: ... replayed by itself" "$err" '^frontrun: replayed [0-9,]+ of [0-9,]+ events, identical'
is "-o: the same decisions lead to the same run" "$(run "$FR" replay -o again.zst "$trace" -- "$last_python" "$program"
	info again.zst order_hash)" "$(info carried.zst order_hash)"
run "$FR" replay --json --count 2 "$trace" -- "$last_python" "$program"
is "--count" "$(tail -n 1 out | jq -c '[.runs,.same,.exit_status]')" '[2,2,1]'
run "$FR" replay --exit-status "$trace" -- "$first_python" "$program"
is "another command, the same version" "$status" 1
like "... is another run as well" "$err" "^frontrun: recorded under Python $first, and this is Python $first:"

mkdir -p elsewhere
cp "$trace" elsewhere/trace.zst
(cd elsewhere && run "$FR" replay --python "$last_python" && echo "$status $err" >"$T/said")
like "--python: the recorded command, in its directory" "$(cat said)" "^1 frontrun: replaying trace.zst: $last_python $program\$"
like "--python: ... under that version" "$(cat said)" "^frontrun: recorded under Python $first, and this is Python $last:"

# The program has changed.
mkdir -p changed
(echo '# moved down'; cat "$program") >changed/counter_property.py
run "$FR" replay "$trace" -- "$last_python" changed/counter_property.py
is "lines have moved" "$status" 1
sed 's/deposit/pay_in/; s/_balance/_money/' "$program" >changed/counter_property.py
run "$FR" replay "$trace" -- "$last_python" changed/counter_property.py
is "names are gone: status" "$status" 125
like "names are gone: diverged" "$err" '^frontrun: diverged; '
like "names are gone: which" "$err" '^frontrun:   T[23] deposit never comes to (read|write) Account\._balance at Account\.[a-z_.]+ \(counter_property\.py:[0-9]+\)'

# The interpreter of then is another one now.
mkdir bin && ln -s "$first_python" bin/python3
PATH=$T/bin:$PATH fuzz --confirm 1 -o now -- python3 "$program"
for file in now/*.zst; do [[ $file == *-passes.zst ]] || now=$file; done
run "$FR" replay "$now"
like "as it was: exactly" "$err" 'events, identical; exit status 1$'
ln -sf "$last_python" bin/python3
run "$FR" replay "$now"
is "without being told: status" "$status" 1
like "without being told: said" "$err" "^frontrun: recorded under Python $first, and this is Python $last:"
run "$FR" replay --follow "$now"
like "--follow: by position, as ever" "$err" '^frontrun: diverged at event'

# Ctrl-C while the order is looked for.
cat >waits.py <<'EOF'
import os, threading
thread = threading.Thread(target=print)
thread.start()
thread.join()
if os.path.exists("here"):
    with open("here", "w") as pipe:
        pipe.write("here")
    open("never")
raise SystemExit(1)
EOF
run "$FR" record -o waits.zst -- "$first_python" waits.py
is "recorded" "$status" 1
mkfifo here never
"$FR" replay --python "$last_python" waits.zst </dev/null >waits.out 2>waits.err &
is "the program runs, seen by nobody" "$(cat here)" here
kill -INT $!
wait $!
is "Ctrl-C: status" $? 130
like "Ctrl-C: said" "$(cat waits.err)" '^frontrun: replay interrupted$'
rm here never

# What makes no sense.
run "$FR" replay --follow "$trace" -- "$last_python" "$program"
is "--follow with another command: usage" "$status" 125
run "$FR" replay --write-dir kept "$trace" -- "$last_python" "$program"
is "--write-dir with another command: usage" "$status" 125
run "$FR" replay --python "$last_python" "$trace" -- "$last_python" "$program"
is "--python with another command: usage" "$status" 125
run "$FR" record -o native.zst /bin/true
run "$FR" replay native.zst -- /bin/true
is "a program that is not Python's: usage" "$status" 125
like "... said" "$err" 'another command than the recorded one is for recordings of Python programs'
run "$FR" replay "$trace" -- /bin/true
is "a command that is no Python: status" "$status" 125
like "... what is missing" "$err" 'never comes to'
run "$FR" replay "$trace" -- "$T/no/python"
is "a command that is not there" "$status" 125
no_orphans
done_testing
