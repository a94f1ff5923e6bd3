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
like "and that is said" "$out" '^inconclusive: only one thread ever ran'

no_orphans "nothing is left running"
done_testing
