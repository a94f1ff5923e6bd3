#!/bin/bash
# Every strategy, on programs that wait for each other in all kinds of ways: what it records ends, is the
# same for the same seed, and replays; the parameters do what they say.
. "$(dirname "$0")/../lib.sh"

strategies=("random -p rarity=4" pct "pct -p depth=5 -p steps=100" pos surw pb "pb -p bound=3 -p order=2"
	"pb -p bound=0 -p order=1" db "db -p bound=4 -p steps=50" between
	"between -p order=1 -p place=1")
programs=(corpus/bank_ok corpus/barrier_reuse_ok targets/yield_spin "targets/all_primitives 3" targets/cond_timed
	targets/pipe_threads)

# record SEED STRATEGY PROGRAM: its order_hash, verdict and number of events.
record() {
	local seed=$1 program
	read -ra program <<<"$3"
	# shellcheck disable=SC2086
	timeout -s KILL "$LIMIT" "$FR" record --strategy $2 --seed "$seed" -o run.zst -- \
		"$B/${program[0]}" "${program[@]:1}" >/dev/null 2>said
	"$FR" info --json run.zst | jq -r '[.order_hash, .verdict, .events] | join(" ")'
}

for strategy in "${strategies[@]}"; do
	for program in "${programs[@]}"; do
		first=$(record 5 "$strategy" "$program")
		like "$strategy, $program: ends" "$first" ' exit '
		fr replay run.zst
		like "$strategy, $program: replays" "$err" ', identical; exit status '
		is "$strategy, $program: the same seed" "$(record 5 "$strategy" "$program")" "$first"
	done
done

# Loops that wait by yielding end, whatever the priorities are, and not much later than if threads gave way
# each time (211 operations).
for strategy in "${strategies[@]}"; do
	for ((seed = 1; seed <= 10; seed++)); do
		record $seed "$strategy" targets/yield_spin
	done >runs
	is "$strategy: ten seeds of a loop that yields" "$(cut -d ' ' -f 2 runs | uniq -c | xargs)" "10 exit"
	ok "$strategy: and none takes more than 3,000 operations" \
		awk '$3 > 3000 { bad = 1 } END { exit bad }' runs
done

# Without preemptions the seed makes no difference; with some it does.
for order in 0 1; do
	for ((seed = 1; seed <= 5; seed++)); do
		record $seed "pb -p bound=0 -p order=$order" "targets/all_primitives 3"
	done >runs
	is "pb without preemptions, order $order: one run" "$(sort -u runs | wc -l)" 1
done
for strategy in pct pos surw "pb -p bound=3 -p steps=100" "db -p bound=3 -p steps=100"; do
	for ((seed = 1; seed <= 10; seed++)); do
		record $seed "$strategy" "targets/contended 20"
	done >runs
	ok "$strategy: ten seeds, at least eight runs" test "$(sort -u runs | wc -l)" -ge 8
done

# What each finds in a hundred seeds.
for strategy in "pct -p steps=20" pos surw "pb -p bound=2 -p steps=8" "db -p bound=2 -p steps=8"; do
	for program in bank abba_deadlock; do
		for ((seed = 1; seed <= 100; seed++)); do
			# shellcheck disable=SC2086
			"$FR" record --strategy $strategy --seed $seed -o run.zst -- "$B/corpus/$program" \
				>/dev/null 2>said || break
		done
		ok "$strategy: finds $program (seed $seed)" test $seed -le 100
	done
done

fr record --strategy pb -p order=2 -o run.zst -- "$B/corpus/bank"
fr info run.zst
like "parameters: a default is not said" "$out" 'pb --seed [0-9]+ --parameter order=2$'
fr record --strategy pb -p bound=0 --seed 1 -o run.zst -- "$B/corpus/bank"
fr info run.zst
like "parameters: 0 is a value" "$out" 'pb --seed 1 --parameter bound=0$'
fr record --strategy pos -p bound=0 -- "$B/corpus/bank"
is "parameters: of another strategy" "$status" 125
like "parameters: of another strategy: said" "$err" "strategy pos has no parameter 'bound'"

done_testing
