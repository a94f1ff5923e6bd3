#!/bin/bash
# What goes wrong with `frontrun fuzz`: programs that it cannot search, mistakes, places that cannot be
# written, and how it is ended from outside. Each time the status, a clear sentence, nothing left.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export TMPDIR=$T

program odd <<'C'
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int turns, second_was_first;
static void *body(void *second)
{
	pthread_mutex_lock(&lock);
	if (second && !turns)
		second_was_first = 1;
	turns++;
	pthread_mutex_unlock(&lock);
	return NULL;
}
static void kill_parent(void)
{
	char line[100];
	int parent = 0;
	FILE *file = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof(line), file))
		sscanf(line, "PPid: %d", &parent);
	fclose(file);
	kill(parent, SIGKILL);
}
int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int pipes[2] = { -1, -1 }, n = 0;
	pthread_t t[2];
	char c;

	if (!strcmp(what, "single"))
		return 0;
	if (!strcmp(what, "terminal") && !isatty(0))
		return fprintf(stderr, "I need a terminal\n"), 2;
	if (!strcmp(what, "daemon") && daemon(1, 1) == 0)
		for (;;)
			pause();
	if (!strcmp(what, "socket"))
		socket(AF_UNIX, SOCK_STREAM, 0);
	if (!strcmp(what, "pipe"))
		pipe(pipes), write(pipes[1], "x", 1);
	if (!strcmp(what, "emptypipe"))
		pipe(pipes);
	if (!strcmp(what, "epoll"))
		epoll_create1(0);
	if (!strcmp(what, "memory"))
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!strcmp(what, "child") && fork() == 0)
		for (;;)
			pause();
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, body, i ? t : NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	if (!strcmp(what, "fails"))
		return fprintf(stderr, "no luck\n"), 3;
	if (!strcmp(what, "hangs") || (!strcmp(what, "mayhang") && second_was_first))
		pipe(pipes), read(pipes[0], &c, 1);
	if (!strcmp(what, "parent"))
		kill(getppid(), SIGKILL);
	if (!strcmp(what, "server"))
		kill_parent();
	if (!strcmp(what, "group"))
		kill(0, SIGKILL);
	if (!strcmp(what, "leaves") && fork() == 0) {
		setsid();
		if (fork() == 0)
			for (;;)
				pause();
		for (;;)
			pause();
	}
	if (!strcmp(what, "state")) { /* the fifth run fails, whatever its schedule */
		FILE *file = fopen(getenv("STATE"), "r+");
		fscanf(file, "%d", &n);
		rewind(file);
		fprintf(file, "%d\n", ++n);
		fclose(file);
		return n == 5 ? fprintf(stderr, "the fifth\n"), 1 : 0;
	}
	return !strcmp(what, "order") && second_was_first;
}
C

# refused NAME STATUS REGEX ARGUMENT...: ends so, with one such line and nothing else on stderr or stdout.
refused() {
	local name=$1 want=$2 regex=$3
	shift 3
	fuzz "$@"
	is "$name: status" "$status" "$want"
	is "$name: that line only" "$(grep -cE "$regex" err)/$(cat out err | wc -l)" 1/1
	[ "$(grep -cE "$regex" err)/$(cat out err | wc -l)" = 1/1 ] || diag "$out" "$err"
}

#
# Programs
#
echo text >text
refused "no such program" 3 '^frontrun: cannot run \./nothere: No such file or directory$' -- ./nothere
refused "not executable" 3 '^frontrun: cannot run \./text: no permission to execute it' -- ./text
refused "a directory" 3 '^frontrun: cannot run .*: it is a directory$' -- /tmp/
if [ -x "$B/targets/static_binary" ]; then
	refused "static" 3 '^frontrun: .*static_binary is statically linked: ' -- "$B/targets/static_binary"
else
	skip "static" "no static libc"
fi
fuzz --iterations 10 -- ./odd terminal
is "needs a terminal: status" "$status" 4
like "needs a terminal: says that it failed" "$out" '^inconclusive: the program failed before it made a second thread$'
like "needs a terminal: and its words" "$err" '^frontrun: it ended with exit status 2: I need a terminal$'
for what in single daemon; do
	fuzz --iterations 10 -- ./odd $what
	is "$what: status" "$status" 4
	is "$what: one line" "$out$err" \
		"inconclusive: the program ended before it made a second thread: there is nothing to interleave"
	no_orphans "$what: no process is left"
done
fuzz --exec --iterations 10 -- ./odd single
is "single, --exec: status" "$status" 4
is "single, --exec: says why" "$out" \
	"inconclusive: the program ended before it made a second thread: there is nothing to interleave"
fuzz -- ./odd fails
is "fails always: status" "$status" 3
like "fails always: says how" "$err" '^frontrun: the program fails in each of 10 schedules in the same way: exit status 3 \(no luck\)$'
like "fails always: offers" "$err" '^frontrun: .* use --allow-failing$'
ok "fails always: no traces" test ! -e frontrun-failures -a ! -e trace.zst
fuzz --allow-failing --iterations 50 -- ./odd fails
is "--allow-failing: status" "$status" 0

# It runs longer than it may: a failure when that depends on the schedule, else no matter of it.
fuzz --time-limit 0.5 -- ./odd hangs
is "hangs always: status" "$status" 3
like "hangs always: says so" "$err" 'fails in each of 10 schedules in the same way: the run does not end in time$'
fuzz --time-limit 0.5 --confirm 2 -- ./odd mayhang
is "hangs in some schedule: status" "$status" 1
like "hangs in some schedule: says so" "$out" '^the run does not end in time$'
ok "hangs in some schedule: a trace" test -s frontrun-failures/hang-*.zst
rm -rf frontrun-failures trace.zst

# A failure that does not depend on the schedule is not called reproducible.
echo 0 >state
STATE=$T/state fuzz --iterations 50 -- ./odd state
is "not reproducible: status" "$status" 1
like "not reproducible: said" "$out" '^No trace could be kept: in a fresh process the same decisions end with exit .status 0.$'
unlike "not reproducible: nothing else is said" "$out" 'reproduced|replay:'
ok "not reproducible: no trace that does not fail" test -z "$(ls frontrun-failures)" -a ! -e trace.zst

#
# Programs that are hard on the fork server
#
for pair in "socket:a socket is open" "pipe:a pipe with unread data is open" "epoll:an epoll, .* descriptor is open" \
	"memory:writable memory is shared with other processes" "child:a child process exists"; do
	fuzz --json --iterations 20 -- ./odd "${pair%%:*}"
	is "${pair%%:*}: passes" "$status $(field .schedules)" "0 20"
	like "${pair%%:*}: each run is a whole program, and that is said" "$err" \
		"^frontrun: the whole program is started for each schedule: ${pair#*:} before the first thread"
	no_orphans "${pair%%:*}: no process is left"
done
fuzz --json --iterations 20 -- ./odd emptypipe
is "an empty pipe: forks" "$status $(field .whole_program)" "0 null"
fuzz --json --iterations 30 -- ./odd leaves
is "leaves processes: all runs end" "$(field '[.schedules, .ended] | @text')" "[30,30]"
no_orphans "leaves processes: none is left"
# Who is killed are the processes of the search, and no others: this shell is alive.
for what in parent server; do
	fuzz --json --iterations 20 -- ./odd $what
	is "kills its $what: status" "$status" 4
	is "kills its $what: the search goes on" "$(field .schedules)" 20
	no_orphans "kills its $what: no process is left"
done
fuzz -- ./odd group
is "kills its group: status" "$status" 3
like "kills its group: says so" "$err" 'in the same way: signal 9 \(SIGKILL\)$'
no_orphans "kills its group: no process is left"

#
# Mistakes
#
refused "iterations 0" 2 '^frontrun: fuzz: --iterations 0 tries nothing' --iterations 0 -- ./odd
for number in -5 x 1e3 99999999999999999999 9999999999999999; do
	refused "iterations $number" 2 '^frontrun: fuzz: --iterations (takes a number|is too large)' --iterations "$number" -- ./odd
done
refused "jobs 0" 2 '^frontrun: fuzz: --jobs takes 1 to 64$' --jobs 0 -- ./odd
refused "jobs 65" 2 '^frontrun: fuzz: --jobs takes 1 to 64$' --jobs 65 -- ./odd
refused "confirm" 2 '^frontrun: fuzz: that number is too large$' --confirm 1000000 -- ./odd
refused "time" 2 '^frontrun: fuzz: --time takes seconds' --time soon -- ./odd
refused "unknown option" 2 "^frontrun: fuzz: unknown option '--iteration[^s]*'.*" --iterationz 5 -- ./odd
refused "unknown strategy" 2 "^frontrun: fuzz: --strategy takes default.*, not 'best'$" --strategy best -- ./odd
refused "natural" 2 "^frontrun: fuzz: --strategy takes default.*, not 'natural'$" --strategy natural -- ./odd
refused "a parameter that the strategy has not" 2 "^frontrun: fuzz: the strategy has no parameter 'depth'$" \
	--parameter depth=3 -- ./odd
for text in rarity rarity= rarity=x rarity=-1 rarity=3x rarity=99999999999999999999; do
	refused "parameter $text" 2 "^frontrun: fuzz: parameter 'rarity' needs a number$" --parameter "$text" -- ./odd
done
refused "expect-output" 2 "^frontrun: fuzz: --expect-output takes same\|any, not 'maybe'$" --expect-output maybe -- ./odd
refused "known" 2 '^frontrun: cannot read the known failures of nowhere: No such file' --known nowhere -- ./odd
refused "events" 2 '^frontrun: cannot write text/below: Not a directory$' --events text/below -- ./odd

#
# Places for traces
#
fuzz --output text/below -- ./odd order
is "unwritable output: the failure is told all the same" "$status" 1
like "unwritable output: and why there is no trace" "$out" '^No trace could be kept: cannot .*text/below.*: Not a directory$'
ok "unwritable output: no trace.zst" test ! -e trace.zst
fuzz --output text -- ./odd order
is "output is a file" "$status $(grep -c '^No trace could be kept: cannot .*Not a directory$' out)" "1 1"
mkdir disk
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=16k tmpfs disk 2>/dev/null; then
	head -c 16384 /dev/zero >disk/full 2>/dev/null
	fuzz --output disk -- ./odd order
	is "full disk: the failure is told all the same" "$status" 1
	like "full disk: and why there is no trace" "$out" '^No trace could be kept: .*No space left on device$'
	is "full disk: no half of a trace" "$(ls disk)" full
	umount disk
else
	skip "full disk" "cannot mount a tmpfs here"
fi
(export TMPDIR=$T/text && fuzz -- ./odd order && echo "$status" >tmpdir.status)
is "no temporary directory: status" "$(cat tmpdir.status)" 3
like "no temporary directory: says so" "$(cat err)" '^frontrun: cannot make a temporary directory .*\(set TMPDIR\)$'

#
# Ended from outside
#
mkfifo events
# begin ARGUMENT...: in the background, in a session of its own, until the search goes on.
begin() {
	rm -f begun.err begun.out
	env --default-signal=INT,TERM,HUP setsid "$FR" fuzz --seed 1 --corpus "" --events events "$@" \
		>begun.out 2>begun.err </dev/null &
	begun=$!
	exec 5<events
	read -r _ <&5
}
# stop SIGNAL PID: and waits for its end.
stop() {
	kill "-$1" -- "$2"
	wait "$begun" 2>/dev/null
	status=$?
	exec 5<&-
	err=$(cat begun.err)
	out=$(cat begun.out)
}
for how in "" --exec "--jobs 2"; do
	# shellcheck disable=SC2086
	for signal in INT TERM; do
		begin $how --iterations 1000000000 -- ./odd
		stop $signal "-$begun"
		is "SIG$signal to the group, ${how:-fork}: status" "$status" 130
		like "SIG$signal to the group, ${how:-fork}: says so" "$err" '^frontrun: interrupted$'
		like "SIG$signal to the group, ${how:-fork}: the summary" "$out" '^no failure in [0-9,]+ schedules? \('
		no_orphans "SIG$signal to the group, ${how:-fork}: no process is left"
	done
	# shellcheck disable=SC2086
	begin $how --iterations 1000000000 --check 'sleep 0.01' --reset : -- ./odd
	stop INT "-$begun"
	is "SIGINT with --check and --reset, ${how:-fork}: status" "$status" 130
	# shellcheck disable=SC2086
	begin $how --iterations 1000000000 -- ./odd leaves
	stop KILL "$begun"
	no_orphans "SIGKILL, ${how:-fork}: no process is left"
done
begin --keep-going --iterations 1000000000 -- ./odd order
# Until the finding is there.
while read -r line <&5 && [ "$(jq -r .event <<<"$line")" != finding ]; do :; done
stop INT "-$begun"
is "SIGINT after a failure: status" "$status" 1
like "SIGINT after a failure: it is told" "$out" '^  replay:  frontrun replay '
# It has not come to its first thread.
program slow <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
	FILE *file = fopen(getenv("STARTED"), "w");
	fputs("up\n", file);
	fclose(file);
	for (;;)
		getppid();
}
C
mkfifo up
STARTED=$T/up env --default-signal=INT setsid "$FR" fuzz --corpus "" -- ./slow >begun.out 2>begun.err </dev/null &
begun=$!
read -r _ <up
exec 5</dev/null
stop INT "-$begun"
is "SIGINT before the first thread: status" "$status" 130
no_orphans "SIGINT before the first thread: no process is left"
done_testing
