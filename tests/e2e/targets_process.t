#!/bin/bash
# Targets of some families: native, recorded and replayed; see tests/rows.sh.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/rows.sh"

check_rows process flock libc ipc exit limits load python

# Ids of processes and threads are those of the recording, wherever and however often.
fr record --strategy random --seed 7 -o ids.zst -- "$B/targets/thread_ids" print
is "thread ids: record" "$status" 0
mv out ids.out
pid=$(sed -n 's/^process \([0-9]*\),.*/\1/p' ids.out)
is "thread ids: counted from the process's" "$(grep -c "^thread $((pid + 1))\$" ids.out)" 1
for i in 1 2; do
	fr replay ids.zst
	is "thread ids: replay" "$status" 0
	same_file "thread ids: the same" ids.out out
done
fr record -o shell.zst bash -c 'echo $$ $PPID; kill -0 $$; kill -0 $PPID'
mv out shell.out
fr replay shell.zst
is "process ids: replay of a shell" "$status" 0
same_file "process ids: the same" shell.out out
done_testing
