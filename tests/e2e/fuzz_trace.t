#!/bin/bash
# `frontrun fuzz` that begins with a trace, and with what earlier searches have kept.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export TMPDIR=$T
cp "$B/corpus/bank" "$B/corpus/bank_ok" "$B/corpus/abba_deadlock" .

#
# record, fuzz, replay, typed in a row
#
fr record -- ./bank
is "record: passes" "$status" 0
cp trace.zst recorded.zst
fr fuzz --seed 1 --iterations 1000
is "fuzz alone: finds it" "$status" 1
like "fuzz alone: says what it runs" "$err" '^frontrun: fuzzing the program of trace\.zst: \./bank$'
ok "the recording is trace.base.zst" cmp -s trace.base.zst recorded.zst
ok "the finding is trace.zst" cmp -s trace.zst frontrun-failures/exit-*[0-9a-f][0-9a-f].zst
fr replay trace.zst
is "replay trace.zst: fails again" "$status" 1
fr replay
is "replay alone: too" "$status" 1

# Nothing found: nothing of the user's is moved.
mkdir none && cd none || exit 1
fr record -- ../bank_ok
cp trace.zst recorded.zst
fr fuzz --seed 1 --iterations 20 --corpus ""
is "nothing found: status" "$status" 0
ok "nothing found: trace.zst stays" cmp -s trace.zst recorded.zst
ok "nothing found: nothing new" test ! -e trace.base.zst -a ! -e frontrun-failures -a ! -e .frontrun
cd "$T" || exit 1

# A failing trace: its schedule is tried, and fails, second.
cp trace.zst failing.zst
fuzz --json failing.zst
is "fuzz FAILING: found by its schedule" \
	"$status $(field '.findings[0] | [.origin, .schedule, .confirmed] | @text')" '1 ["given",2,10]'
# The environment of the trace is that of the runs.
FRONTRUN_UNUSED=1 fr record --env FRONTRUN_UNUSED -o env.zst -- ./bank_ok
fuzz --iterations 10 --check 'test "$FRONTRUN_UNUSED" = 1' env.zst
is "fuzz TRACE: with its environment" "$status" 0

# From another directory: where the trace was recorded.
mkdir elsewhere && cd elsewhere || exit 1
fuzz "$T/failing.zst"
is "from elsewhere: status" "$status" 1
line=$(sed -n 's/^  replay:  //p' "$T/out")
run bash -c "$line"
is "from elsewhere: the printed line can be typed there" "$status" 1
cd "$T" || exit 1

#
# Traces that it cannot begin with
#
fuzz nowhere.zst
is "no such file: status" "$status" 3
says_once "no such file" '^frontrun: .*nowhere\.zst'
head -c 100 failing.zst >cut.zst
fuzz cut.zst
is "a cut trace: status" "$status" 3
says_once "a cut trace" '^frontrun: cut\.zst'
mkdir empty && cd empty || exit 1
fr fuzz
cd "$T" || exit 1
is "no program and no trace: status" "$status" 2
says_once "no program and no trace" '^frontrun: fuzz: which program\?'
# As another user's.
zstdcat -q failing.zst | sed '1s/"origin":"[^"]*"/"origin":"0123456789abcdef"/' |
	zstd -q -f -o foreign.zst
fuzz foreign.zst
is "of another user: status" "$status" 3
says_once "of another user" '^frontrun: foreign\.zst was recorded by another user or on another machine.*--trust'
fuzz --trust foreign.zst
is "of another user, --trust" "$status" 1
# The program has changed, or is another one: the search goes on with what is there.
cp bank_ok bank
fuzz --iterations 20 failing.zst
is "the program was put right: passes" "$status" 0
rm bank
fuzz failing.zst
is "the program is gone: status" "$status" 3
says_once "the program is gone" '^frontrun: cannot run \./bank: No such file or directory'
cp "$B/corpus/bank" .

#
# The corpus
#
rm -rf frontrun-failures .frontrun trace.zst trace.base.zst
fr fuzz --json --seed 1 -- ./abba_deadlock
is "corpus: made" "$(ls .frontrun | sed 's/-[0-9a-f]*\./-N./')" abba_deadlock-N.jsonl
first=$(field .findings[0].name)
fr fuzz --json --seed 2 --strategy random --iterations 5 -- ./abba_deadlock
is "corpus: the failure is tried first" \
	"$status $(field '.findings[0] | [.name, .schedule, .origin] | @text')" "1 [\"$first\",2,\"given\"]"
fr fuzz --json --seed 1 --iterations 100 -- ./bank_ok
kept=$(wc -l <.frontrun/bank_ok-*.jsonl)
ok "corpus: schedules that showed something new are kept" [ "$kept" -ge 2 ]
fr fuzz --json --seed 1 --iterations 100 -- ./bank_ok
is "corpus: nothing is kept twice" "$(wc -l <.frontrun/bank_ok-*.jsonl)" "$kept"
fr fuzz --json --seed 1 --iterations 10 --corpus other -- ./bank_ok
ok "--corpus DIR" test -s other/bank_ok-*.jsonl
fr fuzz --seed 1 --iterations 10 -- ./bank_ok and arguments
is "corpus: other arguments, another file" "$(ls .frontrun | grep -c bank_ok)" 2

# Damage is passed over.
file=$(ls .frontrun/abba*.jsonl)
{
	head -n 1 "$file"
	printf 'garbage\n{"failure":"zz","decisions":[[0,99,99,99]]}\n{"failure":1}\n'
	printf '{"failure":"00000000000000ff","decisions":[[0,4000000000,1,77],[1,1,1,1],[9,2,5,-4]]}\n'
	tail -n +2 "$file"
} >damaged && cp damaged "$file"
fr fuzz --json --seed 1 -- ./abba_deadlock
is "a damaged corpus: the failure is found" "$status $(field .findings[0].name)" "1 $first"
fr fuzz --json --iterations 50 --corpus "" -- ./bank_ok
is "no corpus" "$status" 0

# A place that cannot be written: the search goes on without, unless it was asked for.
rm -rf .frontrun.kept && mv .frontrun .frontrun.kept && : >.frontrun
fr fuzz --seed 1 --iterations 10 -- ./bank_ok
is "a corpus that cannot be kept: status" "$status" 0
says_once "a corpus that cannot be kept" \
	'^frontrun: warning: no schedules are kept: cannot .*\.frontrun.*: Not a directory \(--corpus DIR\)$'
rm .frontrun && mv .frontrun.kept .frontrun

# Of another program: refused, and not touched.
sed -i '1s/abba_deadlock/abba_deadlamp/' "$file" && cp "$file" before
fr fuzz --iterations 5 -- ./abba_deadlock
is "corpus of another program: status" "$status" 3
says_once "corpus of another program" '^frontrun: .*holds schedules of another program \(--corpus DIR\)'
ok "corpus of another program: as it was" cmp -s "$file" before
: >file
fr fuzz --iterations 5 --corpus file/below -- ./abba_deadlock
is "unwritable corpus: status" "$status" 3
says_once "unwritable corpus" '^frontrun: cannot make the corpus directory file/below: Not a directory \(--corpus DIR\)$'
done_testing
