#!/bin/bash
# What `frontrun fuzz` promises about a search: the same seed is the same search; options; where each
# run takes place and what it gets; what is printed where. That bugs are found is in fuzz_bugs.t.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

# Two threads that lock three times; what else it does is said by its arguments.
program shop <<'C'
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[16];
static int first;
static void *body(void *name)
{
	for (int i = 0; i < 3; i++) {
		pthread_mutex_lock(&lock);
		strcat(order, name);
		pthread_mutex_unlock(&lock);
	}
	return name;
}
/* Appends the line to the file FRONTRUN_LOG, outside of any sandbox. */
static void say(const char *line)
{
	FILE *log = fopen(getenv("FRONTRUN_LOG"), "a");
	fprintf(log, "%s\n", line);
	fclose(log);
}
static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	fputs(text, file);
	fclose(file);
}
int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pthread_t t[2];
	char text[4096];
	int fd = -1;

	if (!strcmp(what, "buffer"))
		fputs("once\n", stdout);
	if (!strcmp(what, "offset")) {
		fd = open("letters", O_RDONLY);
		read(fd, text, 2);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, body, i ? "b" : "a");
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	if (!strcmp(what, "print"))
		printf("loud %s\n", order), fprintf(stderr, "louder\n");
	if (!strcmp(what, "order"))
		puts(strcmp(order, "aaabbb") && strcmp(order, "bbbaaa") ? "mixed" : "straight");
	if (!strcmp(what, "fail") && strcmp(order, "aaabbb") && strcmp(order, "bbbaaa"))
		return fprintf(stderr, "mixed\n"), 1;
	if (!strcmp(what, "three")) /* three different failures */
		return !strcmp(order, "aaabbb") ? 0 : !strcmp(order, "bbbaaa") ? 2 : order[0] == 'a' ? 3 : 4;
	if (!strcmp(what, "stdin")) {
		size_t n = fread(text, 1, sizeof(text) - 1, stdin);
		text[n] = 0;
		text[strcspn(text, "\n")] = n == 14 ? '+' : 0;
		text[strcspn(text, "\n")] = 0;
		say(text);
	}
	if (!strcmp(what, "offset"))
		text[read(fd, text, 3)] = 0, say(text);
	if (!strcmp(what, "tmp")) {
		snprintf(text, sizeof(text), "%s/f", getenv("TMPDIR"));
		fd = open(text, O_CREAT | O_EXCL | O_WRONLY, 0600);
		say(fd >= 0 ? "fresh" : "used");
		say(getenv("TMPDIR"));
	}
	if (!strcmp(what, "files")) {
		struct stat status;
		FILE *file = fopen("data", "r+");
		fgets(text, sizeof(text), file);
		text[strcspn(text, "\n")] = 0;
		strcat(text, stat("new", &status) ? " absent" : " there");
		strcat(text, stat("gone", &status) ? " absent" : " there");
		say(text);
		rewind(file);
		fputs("changed", file);
		fclose(file);
		put("new", "x");
		unlink("gone");
	}
	return 0;
}
C
export FRONTRUN_LOG=$T/log
mkdir tmp
export TMPDIR=$T/tmp

# distinct_lines: of the log, with their counts.
distinct_lines() {
	sort log | uniq -c | sed 's/^ *//'
}

# begin_anew: no traces and no log of the search before.
begin_anew() {
	rm -rf frontrun-failures .frontrun trace.zst trace.base.zst log
}

#
# Repeatable
#
for name in bank abba_deadlock if_not_while; do
	fuzz --json -- "$B/corpus/$name"
	jq 'del(.timing)' out >first.json
	fuzz --json -- "$B/corpus/$name"
	jq 'del(.timing)' out >second.json
	same_file "$name: the same seed is the same search" first.json second.json
done
fr fuzz --json --corpus "" --seed 7 --iterations 100 -- "$B/corpus/bank_ok"
is "the seed is in the JSON" "$(field .seed)" 7
for strategy in random pct pos surw pb db; do
	fuzz --json --strategy $strategy --iterations 200 -- ./shop fail
	jq 'del(.timing)' out >first.json
	fuzz --json --strategy $strategy --iterations 200 -- ./shop fail
	jq 'del(.timing)' out >second.json
	is "$strategy alone finds it" "$status $(field .strategy)" "1 $strategy"
	same_file "$strategy: the same search" first.json second.json
done

#
# What is printed where
#
begin_anew
fuzz --iterations 50 -- ./shop print
is "no failure: status" "$status" 0
unlike "no failure: nothing of the program's output" "$out$err" 'loud'
like "no failure: says what was done" "$out" '^no failure in 50 schedules \([0-9]+ distinct'
is "no failure: stdout is that line only" "$(wc -l <out)" 1
ok "no failure: no traces" test ! -e frontrun-failures -a ! -e trace.zst
fuzz --json --iterations 50 -- ./shop print
is "JSON: one object, and nothing else" "$(jq -s length out)" 1
is "JSON: a schema" "$(field .schema)" 1
fuzz --events events --iterations 300 -- ./shop fail
is "events: JSON lines" "$(jq -r .event events | sort | uniq | tr '\n' ' ')" "failure finding started "
fuzz --color always -- ./shop fail
is "a failure: status" "$status" 1
like "a failure: one line on stderr when it is seen" "$err" '^frontrun: schedule [0-9]+ fails: exit status 1; looking closer$'
is "a failure: traces" "$(ls frontrun-failures | sed 's/-[0-9a-f]*//' | tr '\n' ' ')" "exit-passes.zst exit.zst "

#
# Failures
#
begin_anew
fuzz --json --keep-going --iterations 300 -- ./shop three
is "--keep-going: all of them" "$status $(field '[.findings[].failure] | sort | join(",")')" \
	"1 exit status 2,exit status 3,exit status 4"
is "--keep-going: to the end" "$(field '[.end, .schedules] | @text')" '["found",300]'
is "--keep-going: each is counted" "$(field '[.findings[].count] | add')" "$(field .failed)"
ok "--keep-going: each has a trace" [ "$(ls frontrun-failures/exit-*[0-9a-f].zst | grep -vc passes)" = 3 ]
field '.findings[] | .name' >known
cp out all.json
sed -i '1s/$/ # accepted/; 2s/^exit-//' known
fuzz --json --keep-going --iterations 300 --known known -- ./shop three
is "--known: none is left" "$status $(field '[.findings[].known] | all')" "0 true"
fuzz --keep-going --iterations 300 --known <(head -n 1 known) -- ./shop three
is "--known: others are" "$status $(grep -c '^  replay:' out)" "1 2"
like "--known: said, and how often" "$err" '^frontrun: known: exit-[0-9a-f]{16}, [0-9]+ times?$'
fuzz --known <(echo nonsense) -- ./shop three
is "--known: nonsense" "$status" 2
says_once "--known: nonsense" "^frontrun: .*'nonsense' is no fingerprint"

fuzz --iterations 300 --expect-output same -- ./shop order
is "--expect-output same: status" "$status" 1
like "--expect-output same: says so" "$out" 'output differs from that of the first run'
fuzz --iterations 300 --expect-output any -- ./shop order
is "--expect-output any: status" "$status" 0

fuzz --json --iterations 300 --check 'grep -q straight "$FRONTRUN_STDOUT"' -- ./shop order
is "--check: status" "$status $(field '.findings[0] | [.kind, .failure, .confirmed, .runs] | @text')" \
	'1 ["check","the check ended with status 1",10,10]'
fuzz --iterations 100 --check 'test -s "$FRONTRUN_STDOUT"' -- ./shop order
is "--check: passes" "$status" 0
begin_anew
fuzz --json --iterations 20 --reset 'echo reset >> "$FRONTRUN_LOG"; test ! -e "$TMPDIR/f"; touch "$TMPDIR/f"' -- ./shop
is "--reset: before each run, in an empty TMPDIR" "$status $(distinct_lines)" "0 21 reset"
fuzz --reset 'exit 7' -- ./shop
is "--reset that fails" "$status" 3
says_once "--reset that fails" '^frontrun: the command of --reset ended with status 7$'

# The first run fails: then it is said when all do, and with --allow-failing others are looked for.
fuzz --json --allow-failing --iterations 300 -- ./shop three
is "--allow-failing, where the first run does not" "$status" 1

#
# Budget
#
begin_anew
fuzz --json --time 1 --iterations 1000000000 -- ./shop
is "--time: ends, without a failure" "$status $(field .end)" "0 budget"
ok "--time: before all schedules" [ "$(field .schedules)" -lt 1000000000 ]
fuzz --json --iterations 1 -- ./shop fail
is "one schedule" "$status $(field .schedules)" "0 1"
fuzz --json --jobs 2 --iterations 300 -- ./shop fail
is "--jobs 2: found, confirmed" "$status $(field '.findings[0] | [.confirmed, .runs] | @text')" '1 [10,10]'
fuzz --json --jobs 2 --iterations 301 -- ./shop
is "--jobs 2: not a run too many" "$status $(field '[.schedules, .ended, .jobs] | @text')" '0 [301,301,2]'
fuzz --json --no-minimise --confirm 3 -- ./shop fail
is "--no-minimise, --confirm" "$status $(field '.findings[0] | [.minimised, .confirmed, .runs] | @text')" \
	'1 [false,3,3]'
fuzz --json --confirm 0 -- ./shop fail
is "--confirm 0" "$status $(field '.findings[0].runs')" '1 0'

#
# Each run has what the first one had
#
for how in "" --exec "--jobs 2"; do
	# shellcheck disable=SC2086
	start() { begin_anew && fuzz --json $how "$@"; }
	name=${how:-fork}
	printf 'line 1\nline 2\n' >input
	start --iterations 30 -- ./shop stdin <input
	is "$name: all of standard input" "$status $(distinct_lines | tr '\n' ' ')" "0 30 line 1+line 2 "
	start --iterations 30 -- ./shop stdin < <(printf 'a pipe\n')
	is "$name: a pipe too" "$status $(distinct_lines | tr '\n' ' ')" "0 30 a pipe "
	echo abcdefgh >letters
	start --iterations 30 -- ./shop offset
	is "$name: file offsets" "$status $(distinct_lines)" "0 30 cde"
	start --iterations 30 -- ./shop tmp
	is "$name: an empty TMPDIR" "$status $(grep -c '^fresh$' log) $(grep -c '^used$' log)" "0 30 0"
	is "$name: TMPDIR below ours" "$(grep -cv "^$TMPDIR/\|^fresh" log)" 0
	start --iterations 30 --check 'test "$(cat $FRONTRUN_STDOUT)" = once' -- ./shop buffer
	is "$name: buffered output is not repeated" "$status $(field .failed)" "0 0"

	mkdir -p user
	echo data >user/data && echo gone >user/gone && ln -sfn data user/link
	cp -a user before
	(cd user && begin_anew && fr fuzz --json --corpus "" --seed 1 $how --scratch --iterations 30 -- ../shop files
		echo "$status" >../scratch.status)
	is "$name, --scratch: files as they were" "$(cat scratch.status) $(distinct_lines)" "0 30 data absent there"
	is "$name, --scratch: the user's directory is not touched" "$(diff -r --no-dereference before user 2>&1)" ""
	rm -rf user before
	ok "$name: no sandbox is left" test -z "$(ls -A "$TMPDIR")"
	no_orphans "$name: no process is left"
done
mkdir user && (cd user && echo data >data && echo gone >gone && fr fuzz --corpus "" --iterations 5 -- ../shop files)
is "without --scratch it is" "$(cat user/data)" changed
# The sandbox of a finding is there for its replay.
(cd user && rm -rf ./* && echo data >data && echo gone >gone
	fr fuzz --corpus "" --seed 1 --scratch --json --check 'test ! -e new' -- ../shop files
	echo "$status" >../scratch.status)
is "--scratch: the check sees the copy" "$(cat scratch.status)" 3

#
# Whole programs
#
fuzz --exec --json -- ./shop fail
is "--exec: found" "$status $(field '[.whole_program, .findings[0].confirmed] | @text')" '1 ["--exec",10]'
done_testing
