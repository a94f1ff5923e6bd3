#!/bin/bash
# `frontrun record` from the outside: statuses, what cannot be recorded, what gets in the way, and that nothing
# is left running. That recordings replay is tested by the families of targets.
. "$(dirname "$0")/../lib.sh"

# one_line NAME STATUS REGEX: the last `fr` said one line that matches, and ended with this status.
one_line() {
	is "$1: status" "$status" "$2"
	is "$1: one line" "$(wc -l <"$T/err")" 1
	like "$1: says why" "$err" "^frontrun: .*$3"
}

# The status of the program is the status of record.
fr record -o s.zst -- bash -c 'exit 7'
is "exit status" "$status" 7
fr record -o s.zst -- bash -c 'kill -TERM $$'
is "signal" "$status" 143
fr record -o s.zst -- "$B/targets/die" segv
is "crash" "$status" 139
like "crash: the story" "$err" "^frontrun: Crash: "
like "crash: the line to replay it" "$err" "frontrun replay s.zst"
fr record -o s.zst -- "$B/targets/deadlock_abba"
is "deadlock" "$status" 124
like "deadlock: the story" "$err" "^frontrun: Deadlock: .* wait for each other"
is "deadlock: outcome" "$(zstdcat s.zst | tail -n 1 | jq -r .outcome)" deadlock

# What cannot be recorded: one sentence, the right status, and no trace.
rm -f trace.zst
fr record no-such-program
one_line "no such program" 127 "not found"
fr record ./no-such-program
one_line "no such file" 127 "No such file"
echo text >plain && fr record ./plain
one_line "not executable" 126 "permission"
chmod +x plain && fr record ./plain
one_line "not a program" 126 "neither"
fr record "$T"
one_line "a directory" 126 "directory"
printf '#!/no/such/shell\n' >script && chmod +x script && fr record ./script
one_line "a missing interpreter" 127 "/no/such/shell"
if [ -x "$B/targets/static_binary" ]; then
	fr record "$B/targets/static_binary"
	one_line "a static program" 125 "statically linked"
else
	skip "a static program" "no static C library"
fi
if [ "$(id -u)" -eq 0 ]; then
	cp "$B/targets/mutex" setuid && chown 65534 setuid && chmod 4755 setuid
	fr record ./setuid
	one_line "a setuid program" 125 "setuid"
else
	skip "a setuid program" "needs root"
fi
ok "no trace of a run that was not" test ! -e trace.zst

# Mistakes in the command line.
fr record --sede 3 ./prog
one_line "unknown option" 125 "did you mean '--seed'"
fr record --strategy best ./prog
one_line "bad choice" 125 "natural\|random"
fr record
one_line "no program" 125 "which program"
fr recrod ./prog
one_line "unknown command" 2 "did you mean 'record'"

# Output that cannot be written is found before the program runs.
fr record -o /no/such/folder/t.zst -- touch ran
one_line "output in no folder" 125 "/no/such/folder/t.zst"
fr record -o /dev/full -- touch ran
one_line "output on a full device" 125 "No space left"
ok "the program has not run" test ! -e ran

# A trace that cannot grow: the program is ended, what was written can be read.
(
	ulimit -f 13000
	fr record -o cut.zst -- "$B/targets/contended" 500000
	echo "$status" >cut.status
	cp "$T/err" cut.err
)
is "no room for the trace: status" "$(cat cut.status)" 125
like "no room for the trace: says why" "$(cat cut.err)" "File too large"
fr info cut.zst
like "no room for the trace: info knows" "$err" "cut"
isnt "no room for the trace: it holds events" "$(zstdcat cut.zst 2>/dev/null | grep -c '^{"e":')" 0

(
	ulimit -f 64
	fr record -o s.zst -- true
	echo "$status" >cut.status
	cp "$T/err" cut.err
)
is "no room for the shared region: status" "$(cat cut.status)" 125
like "no room for the shared region: what to do" "$(cat cut.err)" "ulimit -f"

# Standard output is the program's alone, and with --json one more line.
fr record -o s.zst -- echo hello
is "stdout is untouched" "$out" hello
fr record --json -o s.zst -- echo hello
is "--json: one object behind it" "$(tail -n 1 "$T/out" | jq -r '.schema, .exit_status, .outcome')" \
	$'1\n0\nexit'
is "--json: nothing else" "$(wc -l <"$T/out")" 2

# Secrets of the environment stay out; --env takes one in.
API_TOKEN=sesame-1 OTHER=sesame-2 fr record --env OTHER -o s.zst -- true
is "environment: --env" "$(zstdcat s.zst | head -n 1 | jq -r .environment.OTHER)" sesame-2
is "environment: no secret" "$(zstdcat s.zst | grep -c sesame-1)" 0

# Limits.
mkfifo silent
fr record --time-limit 0.3 -o s.zst -- cat <>silent
is "--time-limit: status" "$status" 124
like "--time-limit: said" "$err" "time limit"
fr record --steps 50 -o s.zst -- "$B/targets/mutex"
is "--steps: status" "$status" 124
(
	ulimit -n 256
	fr record -o s.zst -- "$B/targets/mutex"
	exit "$status"
)
is "with 256 descriptors" $? 0
run taskset -c 0 "$FR" record -o s.zst -- "$B/targets/cond"
is "on one CPU" "$status" 0

# What outlives the program is ended, and said.
fr record -o s.zst -- bash -c 'sleep 1000 & exit 3'
is "orphan: status" "$status" 3
like "orphan: said" "$err" "1 process outlived"

# The recorder is killed: nothing is left running (done_testing looks), what was flushed can be read.
mkfifo started
"$FR" record -o killed.zst -- bash -c 'sleep 1000 & echo up >started; wait' 2>/dev/null &
recorder=$!
read -r _ <started
kill -KILL $recorder
wait $recorder 2>/dev/null
no_orphans "the recorder was killed: no process is left"
is "the recorder was killed: the header can be read" \
	"$(zstdcat killed.zst 2>/dev/null | head -n 1 | jq -r .frontrun)" header

# The program scribbles over the shared region.
fr record -o s.zst -- "$B/targets/scribble"
is "scribbled region: status" "$status" 125
like "scribbled region: said" "$err" "^frontrun: the program damaged the recording"

# What a child makes by mkstemp is libc's business.
fr record -o child.zst gcc -x c -o hello - <<<'int main(void) { return 0; }'
is "children that make temporary files: status" "$status" 0
ok "... and do their work" ./hello
done_testing
