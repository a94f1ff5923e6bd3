#!/bin/bash
# frontrun show, info and explain on recorded traces: what they print, also where the program is gone, the trace is
# cut, or output goes nowhere.
. "$(dirname "$0")/../lib.sh"

cp "$B/targets/deadlock_abba" "$B/targets/print_order" "$B/targets/die" .
run "$FR" record -o dead.zst ./deadlock_abba
is "record a deadlock" "$status" 124
run "$FR" record --strategy random --seed 3 -o order.zst ./print_order
is "record a run that ends well" "$status" 0
run "$FR" record -o crash.zst ./die segv
is "record a crash" "$status" 139
# Everything from here on comes from the traces alone.
rm deadlock_abba print_order die

#
# show
#
run "$FR" show order.zst
is "show: status" "$status" 0
is "show: nothing on stderr" "$err" ""
cp out all.out
events=$(info order.zst events)
is "show: each event has its line" "$(grep -cE '^ *[0-9]+  T[0-9]+ ' out)" "$(zstdcat -q order.zst | jq -nc '[inputs | select(.e and .e != "clock" and .e != "random")] | length')"
like "show: operation, object, place" "$out" '^ *[0-9]+  T2 body +\| locks lock  print_order\.c:13$'
like "show: a switch with its reason" "$out" '^---- switch T1 -> T[0-9]+ \((preempted|waiting for the end of T[0-9]+ \(body\))\)$'
like "show: a thread ends" "$out" '^---- switch T[0-9]+ -> T[0-9]+ \(T[0-9]+ has ended\)$'
run "$FR" show dead.zst
like "show: blocked on a lock" "$out" '^---- switch T[0-9]+ -> T[0-9]+ \(blocked on [a-z_]+\)$'
run "$FR" show --width 100 dead.zst
like "show: columns have heads" "$(head -n 1 out)" '^event  T1 main +T2 '
ok "show: columns fit" [ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' out)" -le 100 ]
run "$FR" show --from 10 --count 5 order.zst
is "show --from --count: the events" "$(grep -oE '^ *[0-9]+' out | tr -d ' ' | tr '\n' ' ')" "10 11 12 13 14 "
run "$FR" show --thread T3 order.zst
is "show --thread: only that one" "$(grep -vcE '^ *[0-9]+  T3 ' out)" 0
is "show --thread: all of it" "$(grep -cE '  T3 ' out)" "$(grep -cE '^ *[0-9]+  T3 ' all.out)"
run "$FR" show --kind 'mutex_un*' order.zst
is "show --kind" "$(wc -l <out)" "$(zstdcat -q order.zst | jq -nc '[inputs | select(.e == "mutex_unlock")] | length')"
run "$FR" show --objects lock order.zst
is "show --objects" "$(grep -vc 'lock' out)" 0
run "$FR" show --thread nobody order.zst
is "show: no such thread: status" "$status" 2
like "show: no such thread: those that are there" "$err" '^frontrun: show: no thread "nobody" in the trace; it has T1 \(main\), T2 \(body\)'
run "$FR" show --kind mutex_lok order.zst
is "show: no such kind: status" "$status" 2
like "show: no such kind: did you mean" "$err" 'did you mean "mutex_lock"'
run "$FR" show --objects nothing order.zst
is "show: no such object: status" "$status" 2
run "$FR" show --from $((events + 1)) order.zst
is "show: behind the end: status" "$status" 2
like "show: behind the end: how many there are" "$err" "the trace has $events events"
run "$FR" show nothing.zst
is "show: no such trace: status" "$status" 1
run "$FR" show a.zst b.zst
is "show: two traces: status" "$status" 2
run "$FR" show --from x order.zst
is "show: not a number: status" "$status" 2

# A full device, and a reader that leaves.
run bash -c '"$1" show order.zst >/dev/full' - "$FR"
is "show: output on a full disk: status" "$status" 1
like "show: output on a full disk: a sentence" "$err" '^frontrun: cannot write to standard output: No space'
run bash -c 'set -o pipefail; "$1" show order.zst | head -n 1' - "$FR"
is "show: a reader that leaves is no error" "$status" 0

# On a terminal: a pager gets it, columns as wide as the terminal.
if have script; then
	PAGER='sed s/^/P:/' run script -qec "stty cols 100; '$FR' show dead.zst" /dev/null
	like "show: through \$PAGER" "$out" '^P:event  T1 main +T2 '
	PAGER='sed s/^/P:/' run script -qec "stty cols 100; '$FR' show --no-pager dead.zst" /dev/null
	unlike "show --no-pager" "$out" '^P:'
	PAGER=true run script -qec "'$FR' show order.zst" /dev/null
	is "show: a pager that is left at once" "$status" 0
else
	skip "show: through a pager" "no script(1)"
fi

# Cut at many places: the good part is shown, the rest is named at the end, nothing else happens.
size=$(stat -c %s order.zst)
bad=
for ((at = 0; at < size; at += size / 40 + 1)); do
	head -c "$at" order.zst >cut.zst
	run "$FR" show cut.zst
	[ "$status" = 1 ] && [ "$(grep -c . err)" -eq 1 ] || bad="$bad $at:$status"
	head -n "$(wc -l <out)" all.out | grep -vE '^----' | cut -c 1-30 | diff -q - <(grep -vE '^----' out | cut -c 1-30) >/dev/null || bad="$bad $at:output"
done
is "show: cut at 40 places" "$bad" ""

#
# info
#
run "$FR" info order.zst
is "info: status" "$status" 0
like "info: the command" "$out" '^  command +\./print_order$'
like "info: how it ended" "$out" '^  ended with +exit status 0$'
like "info: counts" "$out" "^  run +$events events, 5 threads, [0-9]+ decisions, [0-9]+ switches\$"
like "info: objects by name" "$out" '^ +[0-9]+ lock  mutex$'
like "info: what may be sensitive" "$out" '^  environment variables: .*PATH'
unlike "info: no value of the environment" "$out" "$(printenv PATH | cut -c 1-20)"
run "$FR" info --json order.zst
is "info --json: one object" "$(jq -c '[.schema, .complete, .verdict, .status, .failure, .lanes, .events]' out)" \
	"[1,true,\"exit\",0,false,5,$events]"
is "info --json: hashes" "$(jq -r '.order_hash, .hb_hash' out | grep -cE '^[0-9a-f]{16}$')" 2
run "$FR" info --verify --json order.zst
is "info --verify" "$status $(jq .verified out)" "0 true"
zstdcat -q order.zst | jq -c 'if .e == "mutex_lock" then .r = 16 else . end' | zstd -q -f -o other.zst
run "$FR" info --verify --json other.zst
is "info --verify finds a changed event" "$status $(jq .verified out)" "1 false"
head -c $((size / 2)) order.zst >cut.zst
run "$FR" info --json cut.zst
is "info: a cut trace" "$status $(jq -c '[.complete, .verdict]' out)" "1 [false,null]"

#
# explain
#
run "$FR" explain dead.zst
is "explain a deadlock: status" "$status" 0
like "explain a deadlock: the sentence" "$out" '^Deadlock: T[0-9]+ .* and T[0-9]+ .* wait for each other\.$'
is "explain a deadlock: who waits for what" "$(grep -cE '^  T[0-9]+ .* waits to lock ' out)" 2
is "explain a deadlock: who has it since when" "$(grep -cE '^    T[0-9]+ .* has it since event [0-9]+$' out)" 2
ok "explain a deadlock: the places" [ "$(grep -cE '^      at [a-z_]+ \(deadlock_abba\.c:[0-9]+\)$' out)" -ge 4 ]
# The event that is named is the one that took the lock.
number=$(sed -nE 's/^    T[0-9]+ .* has it since event ([0-9]+)$/\1/p' out | head -n 1)
line=$(grep -nE "has it since event $number\$" out | head -n 1 | cut -d : -f 1)
wanted=$(sed -n "$((line - 2))p" out | sed -E 's/.* waits to lock //')
run "$FR" show --from "$number" --count 1 dead.zst
like "explain a deadlock: that event locked it" "$out" "\| locks $wanted "
run "$FR" explain -v dead.zst
like "explain -v: stacks" "$out" '^      #1 [a-z_]+ \(deadlock_abba\.c:[0-9]+\)$'
run "$FR" explain crash.zst
like "explain a crash: the sentence" "$out" '^Crash: T[0-9]+ .* was ended by signal 11 \(SIGSEGV\) at address 0x0\.$'
like "explain a crash: the stack" "$out" '^  #0 die \(die\.c:[0-9]+\)$'
like "explain a crash: the last words" "$out" '^  dying: segv$'
like "explain: the last events" "$out" '^The last events of each thread:$'
like "explain: a line to copy" "$out" '^  replay:  frontrun replay crash\.zst$'
run "$FR" explain order.zst
is "explain a run that ended well" "$status $(head -n 1 out)" "0 The program ended with exit status 0."
run "$FR" explain cut.zst
is "explain a cut trace: status" "$status" 1
like "explain a cut trace: says so" "$err" '^frontrun: cut.zst: '
like "explain a cut trace: what is there" "$out" '^The trace does not say how the run ended\.$'

#
# Names from the target
#
zstdcat -q order.zst | jq -c 'if .lane and .lane == 2 then .name = "\u001b[2J\u009b31m" else . end |
	if .location and .function == "body" then .function = "f\u001b]0;x\u0007" else . end' | zstd -q -f -o hostile.zst
for command in show info explain; do
	run "$FR" "$command" hostile.zst
	is "$command: no escape of the target reaches the terminal" "$(tr -cd '\033\007' <out | wc -c) $(grep -c $'\xc2\x9b' out)" "0 0"
done

done_testing
