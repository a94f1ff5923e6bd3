#!/bin/bash
# A seed is a schedule: the same seed gives the same run however busy the machine is, wherever the program
# starts, however big its environment is and wherever it is in memory. And another seed gives another one.
. "$(dirname "$0")/../lib.sh"

RUNS=50
program=$B/targets/all_primitives

# order [COMMAND...]: order_hash and number of events of one run, what is recorded being prefixed by COMMAND.
order() {
	"$@" timeout -s KILL "$LIMIT" "$FR" record --strategy random --seed 7 -o run.zst -- "$program" 3 \
		>said 2>&1 || cat said
	"$FR" info --json run.zst | jq -r '[.order_hash, .hb_hash, .events, .lanes, .verdict] | join(" ")'
}

# runs N: what N runs had in common: one line when they were all the same.
runs() {
	local i
	for ((i = 0; i < $1; i++)); do
		order
	done | sort | uniq -c | sed 's/^ *//'
}

first=$(order)
like "a run of eight threads with all primitives" "$first" ' 9 exit$'
is "the same seed: $RUNS of $RUNS runs" "$(runs $RUNS)" "$RUNS $first"

# Two loops in the shell, on all CPUs: they are running (they have said so) before the first run starts.
hogs=()
mkfifo started
for i in 1 2; do
	bash -c 'echo "hog $0" >started; while :; do :; done' $i &
	hogs+=($!)
	read -r _ <started
done
is "beside two CPU hogs: $RUNS of $RUNS runs" "$(runs $RUNS)" "$RUNS $first"
is "and they were there all the time" "$(jobs -pr | wc -l)" 2
# What a slow machine does to a replay: nothing.
is "beside two CPU hogs: replay" "$("$FR" replay run.zst >/dev/null 2>said; echo "$?")" 0
like "beside two CPU hogs: replay is identical" "$(cat said)" ', identical; exit status 0$'
kill -KILL "${hogs[@]}"
wait "${hogs[@]}" 2>/dev/null

mkdir -p another/directory
cd another/directory || exit 1
is "in another directory" "$(order)" "$first"
cd "$T" || exit 1
for size in 1 1000 100000; do
	is "with $size more bytes of environment" \
		"$(order env "MORE=$(head -c $size /dev/zero | tr '\0' x)")" "$first"
done
is "with hardly any environment" \
	"$(order env -i PATH="$PATH" FRONTRUN_TEST_TOKEN="$FRONTRUN_TEST_TOKEN")" "$first"
is "with an argument more" "$("$FR" record --strategy random --seed 7 -o more.zst -- "$program" 3 \
	"$(head -c 5000 /dev/zero | tr '\0' x)" >/dev/null 2>&1; info more.zst order_hash)" "${first%% *}"
if have taskset; then
	is "on one CPU" "$(order taskset -c 0)" "$first"
else
	skip "on one CPU" "no taskset"
fi
if have nice; then
	is "with low priority" "$(order nice -n 19)" "$first"
else
	skip "with low priority" "no nice"
fi

# Where everything is somewhere else each time: the recording says so, and is the same run.
refuse=$ROOT/tests/refuse_personality.py
if have python3 && "$refuse" true; then
	bases=
	for i in 1 2 3 4 5 6 7 8; do
		is "addresses at random, run $i" "$(order "$refuse")" "$first"
		bases+=$(zstdcat -q run.zst | jq -r 'select(.main) | .base')$'\n'
	done
	is "addresses at random: said in the header" \
		"$(zstdcat -q run.zst | head -n 1 | jq .addresses_fixed)" false
	isnt "addresses at random: they were" "$(sort -u <<<"$bases" | grep -c 0x)" 1
	run "$FR" replay run.zst
	is "addresses at random: replay" "$status" 0
else
	skip "addresses at random" "no python3 with libseccomp, or no randomisation here"
fi

# Other seeds: other schedules of the same operations.
for ((seed = 1; seed <= 100; seed++)); do
	"$FR" record --strategy random --seed $seed -o seed.zst -- "$B/targets/contended" 20 >/dev/null 2>said ||
		cat said
	"$FR" info --json seed.zst | jq -cr '[.hb_hash, .order_hash, .verdict, (.kinds | tojson)] | join("\t")'
done >seeds
is "100 seeds: 100 runs" "$(wc -l <seeds)" 100
distinct=$(cut -f 1 seeds | sort -u | wc -l)
ok "100 seeds: at least 95 distinct hb_hashes ($distinct)" test "$distinct" -ge 95
distinct=$(cut -f 2 seeds | sort -u | wc -l)
ok "100 seeds: at least 95 distinct order_hashes ($distinct)" test "$distinct" -ge 95
is "100 seeds: all end well" "$(cut -f 3 seeds | sort -u)" exit
# 8 threads, 20 operations each: every second one locks one of the 16 mutexes, the other one unlocks it.
is "100 seeds: the same operations in each" "$(cut -f 4 seeds | sort -u | wc -l)" 1
is "100 seeds: as many as the program does" \
	"$(cut -f 4 seeds | head -n 1 | jq -c '[.mutex_init, .mutex_lock, .mutex_unlock, .thread_create, .thread_join]')" \
	"[16,80,80,8,8]"

done_testing
