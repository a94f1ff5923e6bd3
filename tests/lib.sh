# TAP for end-to-end tests, in bash. Source it first, call done_testing last:
#
#	#!/bin/bash
#	. "$(dirname "$0")/../lib.sh"
#	record_replay mutex "$B/targets/mutex"
#	done_testing
#
# What a file gets: $ROOT (the repository), $B (the build directory), $FR (the CLI), $T (a private
# directory, the working directory too, removed at the end). Every test function prints one TAP
# line and takes the name of the test first; a file that ends before done_testing has no plan and
# so fails. Nothing here waits for a time or repeats a test; timeout(1) is a last resort.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
B=${FRONTRUN_BUILD:-$ROOT/build}
FR=$B/frontrun
LIMIT=${FRONTRUN_TEST_LIMIT:-120}
T=$(mktemp -d "${TMPDIR:-/tmp}/frontrun-test.XXXXXX") || exit 1
# Processes that we start carry this in their environment; no_orphans looks for it. What the runner
# gave stays a prefix, so that it finds them too.
export FRONTRUN_TEST_TOKEN=${FRONTRUN_TEST_TOKEN:-}$$
export LC_ALL=C.UTF-8 TZ=UTC
cd "$T" || exit 1

tests_done=0
trap 'cd /; rm -rf "$T"' EXIT

diag() {
	printf '%s\n' "$@" | sed 's/^/# /'
}

pass() {
	tests_done=$((tests_done + 1))
	echo "ok $tests_done - $1"
}

# fail NAME [LINE...]: the lines say why.
fail() {
	tests_done=$((tests_done + 1))
	echo "not ok $tests_done - $1"
	shift
	[ $# -eq 0 ] || diag "$@"
}

skip() {
	tests_done=$((tests_done + 1))
	echo "ok $tests_done - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# ok NAME COMMAND...: passes when the command succeeds; what it prints is shown when it does not.
ok() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		pass "$name"
	else
		fail "$name" "failed: $*" "$said"
	fi
}

# is NAME GOT EXPECTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:      $2" "expected: $3"
	fi
}

isnt() {
	if [ "$2" != "$3" ]; then
		pass "$1"
	else
		fail "$1" "got: $2, which it must not be"
	fi
}

# like NAME GOT REGEX: an extended regular expression, found in some line.
like() {
	if grep -Eq -e "$3" <<<"$2"; then
		pass "$1"
	else
		fail "$1" "no match for: $3" "in:" "$2"
	fi
}

unlike() {
	if grep -Eq -e "$3" <<<"$2"; then
		fail "$1" "match for: $3" "in:" "$2"
	else
		pass "$1"
	fi
}

same_file() {
	local name=$1 said
	if said=$(diff -u --label "$2" --label "$3" "$2" "$3" 2>&1); then
		pass "$name"
	else
		fail "$name" "$(head -40 <<<"$said")"
	fi
}

# have PROGRAM: for `have rustc || skip "rust" "no rustc"`.
have() {
	PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null
}

# run COMMAND...: leaves the exit status in $status, stdout and stderr in $out and $err and in the
# files $T/out and $T/err. Reads /dev/null unless the caller redirects.
run() {
	local began=$SECONDS
	timeout -s KILL "$LIMIT" "$@" >"$T/out" 2>"$T/err"
	status=$?
	[ $status -ne 137 ] || [ $((SECONDS - began)) -lt "$LIMIT" ] || status="hung for $LIMIT s"
	out=$(tr -d '\0' <"$T/out")
	err=$(tr -d '\0' <"$T/err")
}

# fr ARGUMENT...: runs the CLI as `run` does.
fr() {
	run "$FR" "$@"
}

# info TRACE KEY: one value of `frontrun info --json`.
info() {
	"$FR" info --json "$1" | jq -r ".$2"
}

# The target's own part of a recorded or replayed stderr.
target_stderr() {
	grep -v '^frontrun:' "$1"
}

# record_replay [-s STATUS] [-r STATUS] [-n] NAME COMMAND...
#
# The shape of most tests: run natively, record, replay, compare. Leaves the trace in NAME.zst.
#   -s  exit status of the native run and of record (default 0)
#   -r  exit status of replay (default 0 when -s is 0, else 1: the failure happened again)
#   -n  no native run: it would hang, or its output depends on the schedule
# Standard input comes from $STDIN (a file, default /dev/null).
record_replay() {
	local OPTIND=1 option want=0 want_replay= native=1 name stdin=${STDIN:-/dev/null}
	while getopts s:r:n option; do
		case $option in
		s) want=$OPTARG ;;
		r) want_replay=$OPTARG ;;
		n) native= ;;
		*) return 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	name=$1
	shift
	[ -n "$want_replay" ] || want_replay=$((want != 0))
	local d=$T/$name.d
	mkdir -p "$d"

	if [ -n "$native" ]; then
		run "$@" <"$stdin"
		mv "$T/out" "$d/native.out"
		mv "$T/err" "$d/native.err"
		is "$name: status of the native run" "$status" "$want"
	fi

	fr record -o "$T/$name.zst" -- "$@" <"$stdin"
	mv "$T/out" "$d/record.out"
	target_stderr "$T/err" >"$d/record.err"
	is "$name: status of record" "$status" "$want"
	[ "$status" = "$want" ] || diag "stderr of record:" "$err"
	if [ -n "$native" ]; then
		same_file "$name: recorded stdout is the native one" "$d/native.out" "$d/record.out"
		same_file "$name: recorded stderr is the native one" "$d/native.err" "$d/record.err"
	fi

	fr replay -o "$T/$name.replay.zst" "$T/$name.zst" <"$stdin"
	mv "$T/out" "$d/replay.out"
	target_stderr "$T/err" >"$d/replay.err"
	is "$name: status of replay" "$status" "$want_replay"
	[ "$status" = "$want_replay" ] || diag "stderr of replay:" "$err"
	same_file "$name: replayed stdout" "$d/record.out" "$d/replay.out"
	same_file "$name: replayed stderr" "$d/record.err" "$d/replay.err"
	is "$name: order_hash of the replay" "$(info "$T/$name.replay.zst" order_hash)" \
		"$(info "$T/$name.zst" order_hash)"
}

# The live processes that this file started, one "PID COMMAND" a line.
live_processes() {
	local environ pid
	env -u FRONTRUN_TEST_TOKEN \
		grep -lsa "FRONTRUN_TEST_TOKEN=$FRONTRUN_TEST_TOKEN" /proc/[0-9]*/environ |
		while read -r environ; do
			pid=${environ#/proc/}
			pid=${pid%/environ}
			echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
		done
}

# no_orphans [NAME]: no process that this file started is left. One that is just dying (its parent
# was killed) gets a moment to be gone; the bound only ends a wait for one that never goes.
no_orphans() {
	local name=${1:-no process is left} left deadline=$((SECONDS + 10))
	while left=$(live_processes) && [ -n "$left" ] && [ $SECONDS -lt $deadline ]; do
		read -rt 0.02 <> <(:)
	done
	if [ -z "$left" ]; then
		pass "$name"
	else
		fail "$name" "$left"
		while read -r pid _; do
			kill -KILL "$pid" 2>/dev/null
		done <<<"$left"
	fi
}

# done_testing: checks for processes left behind, then prints the plan.
done_testing() {
	no_orphans
	echo "1..$tests_done"
}
