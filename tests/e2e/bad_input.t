#!/bin/bash
# What is wrong with traces, disks, limits and containers, and how programs are ended from outside: each time the
# status, one clear sentence, nothing lost and nothing left running. Mistakes in the command line and programs that
# cannot be recorded are in record.t, single damaged traces and changed programs in replay.t.
. "$(dirname "$0")/../lib.sh"

export PATH=$B:$PATH
cc=${CC:-gcc}
huge='[0-9]{3},[0-9]{3},[0-9]{3},[0-9]{3}|[0-9]e\+1[0-9]|4294967295'

#
# A trace that is cut at any byte: info and show end with 1 and tell it in one line; what they tell grows with the
# file; a replay agrees as far as the trace goes, and does not call that a success.
#
fr record --strategy random --seed 1 -o whole.zst -- "$B/targets/contended" 1000
is "record what will be cut" "$status" 0
size=$(stat -c %s whole.zst)
whole=$(info whole.zst events)
zstdcat -q whole.zst >whole.lines
wrong=()
last=0 readable=0
for i in {0..20}; do
	# The last one lacks one byte only.
	bytes=$((i < 20 ? size * i / 20 + i : size - 1))
	head -c "$bytes" whole.zst >cut.zst
	for command in info show explain; do
		fr $command cut.zst
		[ "$status" -eq 1 ] || wrong+=("$bytes bytes: status of $command is $status")
		[ "$(grep -c '^frontrun: cut.zst' err)/$(wc -l <err)" = 1/1 ] ||
			wrong+=("$bytes bytes: $command says: $err")
		! grep -q 'cut.zst: cut.zst' err || wrong+=("$bytes bytes: $command names the file twice")
	done
	fr info --json cut.zst
	events=$(jq -r '.events // 0' <<<"${out:-"{}"}")
	[ "$events" -ge "$last" ] || wrong+=("$bytes bytes: $events events, fewer bytes had $last")
	[ "$events" -le "$whole" ] || wrong+=("$bytes bytes: $events events of $whole")
	last=$events
	[ "$events" -eq 0 ] || readable=$((readable + 1))
	fr replay cut.zst
	[ "$status" -eq 125 ] || wrong+=("$bytes bytes: status of replay is $status")
	[ "$events" -eq 0 ] || grep -q 'up to there the run agrees' err || wrong+=("$bytes bytes: replay says: $err")
done
is "cut at 21 places" "$(printf '%s\n' "${wrong[@]}")" ""
ok "cut at 21 places: what stands before the cut is read" [ "$readable" -ge 1 ]
is "cut behind the last event: all of them are read" "$last" "$whole"

#
# A trace that unpacks to 100 GB, from less than 4 MB, in 1 GB of address space.
#
# bomb FILE CHARACTER: 1600 frames of 64 MB of one character behind what FILE has already.
bomb() {
	head -c 64M /dev/zero | tr '\0' "$2" | zstd -q -f -o frame.zst
	for ((i = 0; i < 1600; i++)); do
		echo frame.zst
	done | xargs cat >>"$1"
}
head -n 1 whole.lines | zstd -q -f -o header.zst
bomb zeros.zst '\0'
cp header.zst zeros-behind.zst && bomb zeros-behind.zst '\0'
cp header.zst lines-behind.zst && bomb lines-behind.zst '\n'
for file in zeros zeros-behind lines-behind; do
	for command in info show explain replay; do
		(
			ulimit -v 1000000
			fr $command $file.zst
			echo "$status" >bomb.status
		)
		is "100 GB, $file: status of $command" "$(cat bomb.status)" "$([ $command = replay ] && echo 125 || echo 1)"
		ok "100 GB, $file: $command names the file" grep -q "^frontrun: .*$file.zst" err
		ok "100 GB, $file: $command says little" [ "$(cat out err | wc -l)" -lt 60 ]
	done
done
for command in info show explain; do
	fr $command /etc/passwd
	is "not a trace: status of $command" "$status" 1
	is "not a trace: $command says one line" "$(grep -c '^frontrun: /etc/passwd' err)/$(wc -l <err)" 1/1
done
{ head -n 1 whole.lines | jq -c '.format[0] = 9' && tail -n +2 whole.lines; } | zstd -q -f -o newer.zst
for command in info show explain; do
	fr $command newer.zst
	is "another format: status of $command" "$status" 1
	like "another format: $command says which" "$err" '^frontrun: newer.zst.* 9'
done

#
# A disk that is full: the program is ended, what was written can be read and is said to be cut.
#
mkdir disk
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=64k tmpfs disk 2>/dev/null; then
	fr record --strategy random --seed 1 -o disk/t.zst -- "$B/targets/contended" 500000
	is "full disk: status" "$status" 125
	like "full disk: says why" "$err" '^frontrun: .*No space left on device'
	fr info disk/t.zst
	is "full disk: info can read it" "$status" 1
	like "full disk: and knows that it was cut" "$err" '^frontrun: disk/t.zst: '
	ok "full disk: it holds events" [ "$(info disk/t.zst events 2>/dev/null)" -gt 1000 ]
	umount disk
else
	skip "full disk" "cannot mount a tmpfs here"
fi

#
# Limits and containers
#
(
	ulimit -S -n 256
	fr record -o fds.zst -- "$B/targets/fds_2000"
	echo "$status" >fds.status
	fr replay fds.zst
	echo "$status" >>fds.status
)
is "2,000 descriptors where the soft limit is 256" "$(tr '\n' ' ' <fds.status)" "0 0 "

# A container that refuses personality(2): addresses are random, the rest works.
cat >refuse.c <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 99;
	execvp(argv[1], argv + 1);
	return 98;
}
C
if have "$cc" && $cc -o refuse refuse.c 2>/dev/null && ./refuse true; then
	run ./refuse frontrun record --strategy random --seed 3 -o aslr.zst "$B/targets/print_order"
	is "personality refused: status" "$status" 0
	cp out aslr.out
	is "personality refused: the header says so" "$(zstdcat -q aslr.zst | head -n 1 | jq .addresses_fixed)" false
	run ./refuse frontrun replay aslr.zst
	is "personality refused: status of replay" "$status" 0
	same_file "personality refused: the same output" aslr.out out
	run frontrun replay aslr.zst
	is "personality refused, replayed where it is not" "$status" 0
	run ./refuse frontrun replay whole.zst
	is "recorded where it is not, replayed where it is" "$status" 0
else
	skip "personality refused" "no C compiler or no seccomp"
fi

#
# Programs with runtimes of their own
#
sort "$ROOT/Makefile" >sorted
fr record -o single.zst -- sort "$ROOT/Makefile"
is "a program with one thread: status" "$status" 0
same_file "a program with one thread: output" sorted out
is "a program with one thread: nothing to choose" "$(info single.zst lanes)/$(info single.zst switches)" 1/0
fr replay single.zst
is "a program with one thread: replay" "$status" 0

# LIMIT: the report holds locks that the other threads want.
LIMIT=30
if [ -x "$B/targets/asan_threads" ]; then
	for seed in 1 2 3 4; do
		fr record --strategy random --seed $seed -o asan.zst -- "$B/targets/asan_threads" bug
		is "AddressSanitizer finds a bug, seed $seed: status" "$status" 1
		like "AddressSanitizer finds a bug, seed $seed: the report" "$err" '^SUMMARY: AddressSanitizer: heap-use-after-free'
		fr replay asan.zst
		like "AddressSanitizer finds a bug, seed $seed: replay" "$err" "^frontrun: replayed .* identical; exit status 1"
		fr record --strategy random --seed $seed -o asan.zst -- "$B/targets/asan_threads"
		is "AddressSanitizer finds nothing, seed $seed: status" "$status" 0
		fr replay asan.zst
		is "AddressSanitizer finds nothing, seed $seed: replay" "$status" 0
	done
else
	skip "AddressSanitizer" "not built: no -fsanitize=address"
fi
if [ -x "$B/targets/openmp" ]; then
	for strategy in natural random; do
		fr record --strategy $strategy --seed 1 -o openmp.zst -- "$B/targets/openmp"
		is "OpenMP, $strategy: status" "$status/$out" "0/ok openmp"
		fr replay openmp.zst
		is "OpenMP, $strategy: replay" "$status/$out" "0/ok openmp"
	done
else
	skip "OpenMP" "not built: no -fopenmp"
fi

# Nothing of a region that was written over reaches the summary or the trace.
fr record --json -o s.zst -- "$B/targets/scribble"
is "scribbled region: status" "$status" 125
unlike "scribbled region: no count of it in the summary" "$out$err" "$huge"
unlike "scribbled region: nor in the trace" "$(zstdcat -q s.zst | tail -n 1)" "$huge"
fr replay s.zst
# How much of it was written down before is open: it ends there, or by a signal of its own.
like "scribbled region: status of replay" "$status" '^(2|125)$'
unlike "scribbled region: nor in a replay" "$err" "$huge"

#
# Ended from outside, in the middle of a run
#
cat >endless.c <<'C'
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *body(void *says)
{
	for (int i = 0;; i++) {
		pthread_mutex_lock(&lock);
		if (i == 1000 && says)
			puts("up"), fflush(stdout);
		pthread_mutex_unlock(&lock);
	}
	return says;
}
int main(int argc, char **argv)
{
	pthread_t t[2];
	if (argc > 1)
		signal(SIGINT, SIG_IGN);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, body, i ? t : NULL);
	return pthread_join(t[0], NULL);
}
C
mkfifo started
# begin COMMAND...: in the background, in a group of its own, with Ctrl-C as in a terminal, until it writes a line.
begin() {
	env --default-signal=INT setsid "$@" >started 2>begun.err </dev/null &
	begun=$!
	read -r _ <started
}
# end SIGNAL PID: leaves the status and stderr as `run` does.
end() {
	kill "-$1" -- "$2"
	wait "$begun" 2>/dev/null
	status=$?
	err=$(cat begun.err)
}
if have "$cc" && $cc -g -pthread -o endless endless.c; then
	begin frontrun record --strategy random --seed 1 -o killed.zst ./endless
	end KILL "$(live_processes | awk '$2 == "./endless" { print $1 }')"
	is "the program is killed: status" "$status" 137
	like "the program is killed: said" "$err" '^frontrun: Killed: .*SIGKILL'
	is "the program is killed: the trace is complete" "$(info killed.zst complete)" true
	ok "the program is killed: it holds the events before" [ "$(info killed.zst events)" -gt 1000 ]
	fr replay killed.zst
	is "the program is killed: status of replay" "$status" 1
	like "the program is killed: replays up to there" "$err" 'identical; there the recording was ended from outside$'

	begin frontrun record -o int.zst ./endless
	end INT "-$begun"
	is "Ctrl-C: status" "$status" 130
	like "Ctrl-C: the summary" "$err" '^frontrun: int.zst: [0-9,]+ events, 3 threads'
	is "Ctrl-C: the trace is complete" "$(info int.zst complete)" true
	begin frontrun record -o deaf.zst ./endless deaf
	kill -INT -- "-$begun"
	end TERM "$begun"
	is "a program that ignores Ctrl-C: SIGTERM to us ends it" "$status" 143
	is "a program that ignores Ctrl-C: the trace is complete" "$(info deaf.zst complete)" true

	begin frontrun record -o gone.zst ./endless
	end KILL "$begun"
	no_orphans "the recorder is killed while threads run: no process is left"
	begin frontrun replay killed.zst
	end KILL "$begun"
	no_orphans "the replay is killed: no process is left"
else
	skip "ended from outside" "no C compiler"
fi

done_testing
