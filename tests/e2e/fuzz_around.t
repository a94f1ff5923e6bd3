#!/bin/bash
# `frontrun fuzz` and what is around the threads of a program: scripts that start it, children,
# files that it has open at the fork point. What of it is not under control is said, and nothing is
# found that is not there.
. "$(dirname "$0")/../lib.sh"

# fuzz ARGUMENT...: a short search with seed 1 that keeps nothing.
fuzz() {
	fr fuzz --seed 1 --corpus "" --iterations 20 "$@"
}

# script NAME: an executable file, from standard input.
script() {
	cat >"$1"
	chmod +x "$1"
}

threads=$B/targets/thread_join

script replaces <<-EOF
	#!/bin/sh
	exec $threads 3
EOF
fuzz ./replaces
is "a script that is replaced by the program: status" "$status" 0
unlike "and all is under control" "$out$err" 'control'

# The shell tries one name after the other.
mkdir first second
cp "$threads" second/many_threads
script searches <<-EOF
	#!/bin/sh
	PATH=$T/nowhere:$T/first:$T/second
	exec many_threads 3
EOF
fuzz ./searches
is "a program that is found along PATH: status" "$status" 0
unlike "and all is under control" "$out$err" 'control'

script starts <<-EOF
	#!/bin/sh
	$threads 3
	echo done
EOF
fuzz ./starts
is "a script that starts the program: status" "$status" 4
like "says that it is another program" "$out" '^inconclusive: .*it started other programs'
like "and what to do" "$err" '^frontrun: give the program that has the threads, or .*`exec PROGRAM`'

fuzz sh -c 'echo no such account >&2; exit 3'
is "a program that fails before it has threads: status" "$status" 4
like "is said to have failed" "$out" '^inconclusive: the program failed before'
like "and how" "$err" '^frontrun: it ended with exit status 3: no such account$'

fuzz true
is "a program that ends without threads: status" "$status" 4
like "is said to have none" "$out" '^inconclusive: .*: there is nothing to interleave$'

script ends <<-EOF
	#!/bin/sh
	exec sh -c 'exit 0'
EOF
fuzz --exec ./ends
is "programs one after the other are no threads: status" "$status" 4
like "and that is said" "$out" '^inconclusive: the program ended before it made a second thread'
echo >count
script counts <<-EOF
	#!/bin/sh
	echo >>$T/count
	exit 3
EOF
fuzz --exec ./counts
is "a program with one thread that fails, --exec: status" "$status" 4
like "and that is said" "$out" '^inconclusive: the program failed before it made a second thread$'
is "it ran once" "$(wc -l <count)" 2

# Pipes from before the fork point: each run sees that an end was closed, though the process that it
# is forked from has been there before. The ends are as the program has made them.
cat >ends.c <<-EOF
	#define _GNU_SOURCE
	#include <errno.h>
	#include <fcntl.h>
	#include <pthread.h>
	#include <signal.h>
	#include <stdio.h>
	#include <unistd.h>
	static int work[2], results[2], gone[2];
	static void *serve(void *unused)
	{
		char byte;
		dup2(work[0], 0);
		close(work[0]);
		while (read(0, &byte, 1) == 1)
			if (write(results[1], &byte, 1) != 1)
				return unused;
		close(results[1]);
		close(gone[0]);
		return unused;
	}
	int main(void)
	{
		pthread_t thread;
		char byte = 'x';
		int n = 0;
		signal(SIGPIPE, SIG_IGN);
		if (pipe(work) || pipe2(results, O_CLOEXEC) || pipe2(gone, O_NONBLOCK))
			return 9;
		fcntl(gone[1], F_SETPIPE_SZ, 4096);
		pthread_create(&thread, NULL, serve, NULL);
		while (n++ < 3)
			if (write(work[1], &byte, 1) != 1)
				return 8;
		close(work[1]);
		for (n = 0; read(results[0], &byte, 1) == 1;)
			n++;
		pthread_join(thread, NULL);
		if (n != 3 || write(gone[1], &byte, 1) != -1 || errno != EPIPE)
			return 7;
		if (fcntl(results[0], F_GETFD) != FD_CLOEXEC || fcntl(work[1], F_GETFD) != -1 ||
		    !(fcntl(gone[1], F_GETFL) & O_NONBLOCK) ||
		    fcntl(results[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK) || fcntl(gone[1], F_GETPIPE_SZ) != 4096)
			return 6;
		return 0;
	}
EOF
"${CC:-gcc}" -g -pthread -o ends ends.c || fail "compile" "see above"
ends_status() {
	./ends
	echo $?
}
is "a program that closes ends of pipes is right" "$(ends_status)" 0
fuzz --time-limit 5 ./ends
is "and in each schedule: status" "$status" 0
unlike "in forks" "$out$err" 'whole program'

# A failure that only the output shows.
cat >order.c <<-EOF
	#include <pthread.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <unistd.h>
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	static void *say(void *name)
	{
		pthread_mutex_lock(&m);
		printf("account %s\\n", (char *)name);
		pthread_mutex_unlock(&m);
		return name;
	}
	int main(void)
	{
		pthread_t one, two;
		puts("accounts");
		pthread_create(&one, NULL, say, "one");
		pthread_create(&two, NULL, say, "two");
		pthread_join(one, NULL);
		pthread_join(two, NULL);
		return 0;
	}
EOF
"${CC:-gcc}" -g -pthread -o order order.c || fail "compile" "see above"
fuzz --expect-output same ./order
is "another output: status" "$status" 1
like "the line that differs" "$out" '^line 2 is "account two", in the first run "account one"$'
like "what it depends on" "$out" '^Depends on the schedule: fails without any preemption'
like "and that it was reproduced" "$out" \
	'^the output differs from that of the first run +reproduced 10/10 \(100%\)$'
failing=$(ls frontrun-failures/output-*[0-9a-f].zst | grep -v passes)
fr replay "$failing"
is "its replay: status" "$status" 1
fr explain "$failing"
like "its story from the trace" "$out" '^Depends on the schedule'
fuzz --check 'sed -n 2p $FRONTRUN_STDOUT | grep -q one' ./order
like "a check that fails: reproduced" "$out" \
	'^the check ended with status 1 +reproduced 10/10 \(100%\)$'

no_orphans "nothing is left running"
done_testing
