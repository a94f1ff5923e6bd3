#!/bin/bash
# frontrun replay: the same run again, and what it says when it is not: differences, damaged and foreign
# traces, changed programs, the debugger.
. "$(dirname "$0")/../lib.sh"

export PATH=$B:$PATH
program=$B/targets/print_order

# edit FROM TO FILTER: the lines of a trace through a jq filter, as one plain zstd frame without index.
edit() {
	zstdcat -q "$1" | jq -c "$3" | zstd -q -f -o "$2"
}

#
# The same run
#
run frontrun record --strategy random --seed 5 -o order.zst "$program"
is "record" "$status" 0
cp out recorded.out
run frontrun replay order.zst
is "replay: status" "$status" 0
same_file "replay: the recorded output" recorded.out out
like "replay: the command is named" "$err" "^frontrun: replaying order.zst: $program\$"
total=$(info order.zst events)
like "replay: says that it was identical" "$err" \
	"^frontrun: replayed $total of $total events, identical; exit status 0\$"

run frontrun replay --json -o again.zst order.zst
is "replay --json: one object behind the output" "$(tail -n 1 out | jq -c '[.schema,.identical,.agreed==.events]')" \
	'[1,true,true]'
is "a trace of the replay has the same order_hash" "$(info again.zst order_hash)" "$(info order.zst order_hash)"
is "a trace of the replay has the same hb_hash" "$(info again.zst hb_hash)" "$(info order.zst hb_hash)"
is "and as many events" "$(info again.zst events)" "$total"
run frontrun replay again.zst
is "a trace of a replay can be replayed" "$status" 0
run frontrun info --verify order.zst
is "info --verify: the events have the hashes of the runtime" "$status" 0

run frontrun replay --count 3 order.zst
is "--count: status" "$status" 0
like "--count: says how many" "$err" '^frontrun: 3 of 3 replays identical$'
is "--count: the output comes each time" "$(wc -l <out)" $((3 * $(wc -l <recorded.out)))

#
# From another directory, without the trace's name
#
mkdir -p elsewhere/sub && cp order.zst elsewhere/trace.zst
(cd elsewhere && run frontrun replay && echo "$status $err" >../said)
like "no file given: trace.zst is taken and named" "$(cat said)" '0 frontrun: replaying trace.zst:'
run frontrun record -o "$T/elsewhere/sub/moved.zst" bash -c 'exec "$0"' "$program"
run frontrun replay "$T/elsewhere/sub/moved.zst"
is "a program that another one executes" "$status" 0
edit order.zst nodir.zst 'if .frontrun then .cwd = "/no/such/directory" else . end'
run frontrun replay nodir.zst
is "the directory of then is gone, all input is in the trace: status" "$status" 0
unlike "and nothing is said of it" "$err" "cannot go"
run frontrun replay --live nodir.zst
is "the directory of then is gone: status" "$status" 0
like "the directory of then is gone: a warning" "$err" '^frontrun: warning: cannot go to /no/such/directory'

#
# Failures
#
run frontrun record -o dead.zst "$B/targets/deadlock_abba"
is "record a deadlock" "$status" 124
replay_line=$(sed -n 's/^frontrun: *replay: *//p' err)
run frontrun replay dead.zst
is "the deadlock again: status" "$status" 1
like "the deadlock again: the story" "$err" '^frontrun: Deadlock: '
isnt "record prints a line to copy" "$replay_line" ""
run bash -c "$replay_line"
is "the printed line, verbatim" "$status" 1
run frontrun replay --exit-status dead.zst
is "--exit-status: a deadlock" "$status" 124

run frontrun record -o crash.zst "$B/targets/die" segv
is "record a crash" "$status" 139
run frontrun replay crash.zst
is "the crash again: status" "$status" 1
like "the crash again: where" "$err" 'die \(die\.c:[0-9]+\)'
run frontrun replay --exit-status crash.zst
is "--exit-status: a signal" "$status" 139
run frontrun record -o exit.zst "$B/targets/exit_thread" exit
run frontrun replay exit.zst
is "an exit status again" "$status" 1
run frontrun replay --exit-status exit.zst
is "--exit-status" "$status" 3

mkdir -p frontrun-failures && cp dead.zst frontrun-failures/deadlock-1.zst
cp order.zst trace.zst
run frontrun replay
is "no file given: the failing one is taken" "$status" 1
like "no file given: and named" "$err" '^frontrun: replaying frontrun-failures/deadlock-1.zst:'
rm -r frontrun-failures trace.zst
run frontrun replay
is "no file at all: status" "$status" 125
like "no file at all: a sentence" "$err" '^frontrun: there is no trace.zst here'

#
# Differences
#
# The first choice among several threads goes to another one.
flip='[inputs] | ([.[] | .d == "pick" and (.from | length) > 1] | index(true)) as $i |
	.[$i].to = (.[$i] | .to as $to | .from | map(select(. != $to)) | .[0]) | .[]'
zstdcat -q order.zst | jq -nc "$flip" | zstd -q -f -o flipped.zst
run frontrun replay --json flipped.zst
is "a flipped decision: status" "$status" 125
like "a flipped decision: where" "$err" "^frontrun: diverged at event [0-9,]+ of $total"
like "a flipped decision: what was recorded" "$err" '^frontrun:   recorded  T[0-9]'
like "a flipped decision: where that was" "$err" '^frontrun:   recorded .* at .*\((print_order|check)\.[ch]:[0-9]+\)$'
# The decision stands behind as many events as agree before it takes effect.
before=$(zstdcat -q order.zst | jq -nc '[inputs | select(.e or .d)] |
	(map(.d == "pick" and (.from | length) > 1) | index(true)) as $i | .[:$i] | map(select(.e)) | length')
at=$(tail -n 1 out | jq .difference.event)
ok "a flipped decision: at that event" [ "$at" -ge $((before + 1)) -a "$at" -le $((before + 2)) ]
ok "a flipped decision: the message is bounded" [ "$(grep -c . err)" -le 8 ]

edit order.zst operation.zst 'if .e == "mutex_lock" then .e = "mutex_trylock" else . end'
first=$(zstdcat -q order.zst | jq -nc '[inputs | select(.e) | .e == "mutex_lock"] | index(true) + 1')
run frontrun replay operation.zst
is "another operation: status" "$status" 125
like "another operation: the event" "$err" "^frontrun: diverged at event $first of"
like "another operation: recorded" "$err" '^frontrun:   recorded  T.* (tries|wants to try) to lock '
like "another operation: now" "$err" '^frontrun:   now       T.* (locks|wants to lock) .* at .*\(print_order\.c:[0-9]+\)$'
edit order.zst object.zst 'if .object then .id |= sub("\\+0x"; "+0x9") else . end'
run frontrun replay object.zst
is "another object: status" "$status" 125
edit order.zst result.zst 'if .e == "mutex_lock" then .r = 16 else . end'
run frontrun replay result.zst
is "another result: status" "$status" 125
like "another result: recorded" "$err" '^frontrun:   recorded  T.* locks .*: busy at '

# A recording that ends earlier than the run, and one that goes on.
edit order.zst short.zst 'select((.e == "exit" or .outcome) | not)'
run frontrun replay short.zst
is "a recording that ends earlier: status" "$status" 125

#
# --follow
#
run frontrun replay --follow order.zst
is "--follow, and there is nothing to follow" "$status" 0
like "--follow: identical" "$err" "replayed $total of $total events, identical"
run frontrun replay --follow flipped.zst
is "--follow goes on: status" "$status" 0
like "--follow goes on: how far it agreed" "$err" '^frontrun: diverged at event'
like "--follow goes on: to the end" "$err" '^frontrun: followed it for [0-9,]+ more events; exit status 0$'
is "--follow goes on: all output is there" "$(sort out | cksum)" "$(sort recorded.out | cksum)"
run frontrun replay --follow operation.zst
is "--follow behind an operation that is not the same" "$status" 0

#
# Damaged and foreign traces
#
size=$(stat -c %s order.zst)
head -c $((size / 2)) order.zst >half.zst
run frontrun replay half.zst
is "a truncated trace: status" "$status" 125
like "a truncated trace: says so" "$err" '^frontrun: .*(the trace ends behind event|ends too early|cut)'
for bytes in 0 1 17 100; do
	head -c "$bytes" order.zst >cut.zst
	run frontrun replay cut.zst
	is "$bytes bytes of a trace: status" "$status" 125
	ok "$bytes bytes of a trace: one line" [ "$(grep -c . err)" -eq 1 ]
done
echo "no trace at all" >text.zst
run frontrun replay text.zst
is "not zstd: status" "$status" 125
like "not zstd: one sentence" "$err" '^frontrun: .*text.zst.* zstd'
edit order.zst newer.zst 'if .frontrun then .format[0] = 9 else . end'
run frontrun replay newer.zst
is "another format: status" "$status" 125
like "another format: one sentence" "$err" '^frontrun: .*newer.zst.*9'
edit order.zst needs.zst 'if .frontrun then .requires = ["time travel"] else . end'
run frontrun replay needs.zst
is "a feature that is not there: status" "$status" 125
run frontrun replay nothing.zst
is "no such trace: status" "$status" 125
run frontrun replay --no-such-option order.zst
is "an unknown option: status" "$status" 125
run frontrun replay order.zst again.zst
is "two traces: status" "$status" 125

edit order.zst stranger.zst 'if .frontrun then .origin = "0123456789abcdef" else . end'
run frontrun replay stranger.zst
is "a stranger's trace is replayed confined: status" "$status" 0
run frontrun replay --follow stranger.zst
is "a stranger's trace with --follow: status" "$status" 125
like "a stranger's trace with --follow: --trust is named" "$err" '^frontrun: stranger.zst .*--trust'
run frontrun replay --live stranger.zst
is "a stranger's trace: status" "$status" 125
like "a stranger's trace: --trust is named" "$err" '^frontrun: stranger.zst .*--trust'
is "a stranger's trace: nothing was run" "$out" ""
run frontrun replay --live --trust stranger.zst
is "a stranger's trace with --trust" "$status" 0
edit order.zst shell.zst 'if .frontrun then .argv += ["; touch intruder", "$(touch intruder)"] else . end'
run frontrun replay --trust shell.zst
ok "arguments do not go through a shell" [ ! -e intruder ]
edit order.zst escape.zst 'if .frontrun then .argv += ["\u001b]0;owned\u0007"] else . end'
run frontrun replay escape.zst
ok "no escape of the trace reaches the terminal" [ "$(tr -cd '\033\007' <err | wc -c)" -eq 0 ]
edit order.zst gone.zst 'if .frontrun then .argv[0] = "/no/such/program" else . end'
run frontrun replay gone.zst
is "the program is gone: status" "$status" 125
like "the program is gone: one sentence" "$err" '^frontrun: .*/no/such/program'

#
# The program has changed
#
cat >change.c <<'C'
#include <pthread.h>
#include <stdio.h>
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER;
static void *body(void *unused)
{
	pthread_mutex_lock(&a);
	CHANGE
	pthread_mutex_unlock(&a);
	return unused;
}
int main(void)
{
	pthread_t t;
	pthread_create(&t, NULL, body, NULL);
	pthread_join(t, NULL);
	return puts("done") < 0;
}
C
cc=${CC:-gcc}
if have "$cc"; then
	$cc -g -pthread -o change -DCHANGE= change.c
	run frontrun record -o change.zst ./change
	is "record a program that will change" "$status" 0
	$cc -g -pthread -o change '-DCHANGE=__asm__("nop");' change.c
	run frontrun replay change.zst
	is "changed, but does the same: status" "$status" 0
	like "changed, but does the same: a warning" "$err" '^frontrun: warning: .*change has changed since the trace was recorded$'
	$cc -g -pthread -o change '-DCHANGE=pthread_mutex_trylock(&a);' change.c
	run frontrun replay change.zst
	is "does something else: status" "$status" 125
	like "does something else: recorded" "$err" '^frontrun:   recorded  T2 .*unlocks a at body \(change\.c:8\)$'
	like "does something else: now" "$err" '^frontrun:   now       T2 .*tries to lock a: busy at body \(change\.c:7\)$'
	run frontrun replay --follow change.zst
	is "does something else, followed: status" "$status" 0
else
	skip "the program has changed" "no C compiler"
fi

#
# Ended from outside
#
run frontrun record --time-limit 0.5 -o limit.zst sleep infinity
is "record until the time limit" "$status" 124
run frontrun replay limit.zst
is "where the time limit ended it: status" "$status" 1
like "where the time limit ended it: says so" "$err" \
	'^frontrun: replayed [0-9,]+ of [0-9,]+ events?, identical; there the recording was ended from outside$'

#
# Stopping and waiting
#
if have script; then
	# On a terminal on which Enter is pressed; the streams are those of the recording.
	run script -qec "frontrun replay --stop-at 3 order.zst </dev/null >in.out 2>in.err; s=\$?; cat in.err; exit \$s" \
		/dev/null < <(echo)
	is "--stop-at on a terminal: status" "$status" 0
	like "--stop-at on a terminal: where it stands" "$out" 'frontrun: process [0-9]+ stands before event [0-9]+: T1 '
	like "--stop-at on a terminal: Enter goes on" "$out" "replayed $total of $total events, identical"
else
	skip "--stop-at on a terminal" "no script(1)"
fi
run setsid -w frontrun replay --stop-at 3 order.zst
is "--stop-at without a terminal: status" "$status" 125
like "--stop-at without a terminal: a sentence" "$err" '^frontrun: replay: --stop-at waits for Enter on a terminal'

#
# The debugger
#
run frontrun replay --stop-at 99999999 --gdb-command bt order.zst
is "--stop-at behind the end: status" "$status" 125
like "--stop-at behind the end: one sentence" "$err" "^frontrun: the trace has $total events\$"
if ! have gdb; then
	skip "--gdb" "no gdb"
elif ! gdb -batch -ex 'python print(1)' >/dev/null 2>&1; then
	skip "--gdb" "gdb without Python"
else
	lock=$(zstdcat -q order.zst | jq -nc '[inputs | select(.e)] | (map(.e == "mutex_lock") | index(true)) as $i |
		($i + 1 | tostring) + " " + (.[$i].l | tostring)' | tr -d '"')
	number=${lock% *}
	lane=${lock#* }
	run frontrun replay --stop-at "$number" --gdb-command frame --gdb-command 'info threads' order.zst
	if grep -q 'may be forbidden here' err; then
		skip "--gdb" "tracing is forbidden here"
	else
		is "--stop-at --gdb-command: status" "$status" 0
		like "--stop-at: where it stands" "$err" "^frontrun: process [0-9]+ stands before event $number: T$lane .*wants to lock lock at body \(print_order\.c:"
		like "gdb: the frame of the program" "$out" '^#[0-9]+ .* body \(.*print_order\.c:'
		like "gdb: the thread, by our name" "$out" "^\* .*\"T$lane body\""
		like "gdb: the run goes on afterwards" "$err" "replayed $total of $total events, identical"
		run frontrun replay --gdb-command bt crash.zst
		is "--gdb at a crash: status" "$status" 1
		like "--gdb at a crash: gdb sees the signal" "$out" 'SIGSEGV'
		like "--gdb at a crash: the place" "$out" '^#0 .* die \(.*die\.c:'
		run frontrun replay --gdb-command 'thread apply all bt' dead.zst
		is "--gdb at a deadlock: status" "$status" 1
		ok "--gdb at a deadlock: both threads wait" [ "$(grep -c ' in pthread_mutex_lock' out)" -ge 2 ]
	fi
fi

done_testing
