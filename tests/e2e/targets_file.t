#!/bin/bash
# Races on files: whatever can happen between a look and an opening, a read and a write, is met by
# some schedule, and each of these runs can be replayed.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/rows.sh"

# Seeds to look at; of them every tenth is replayed, and each that is the first with its outcome.
FILE_SEEDS=${FRONTRUN_FILE_SEEDS:-120}

check_race() {
	local seed outcome wrong=() differs=()
	declare -A seen=()

	check_native
	rm -f said
	for ((seed = 1; seed <= FILE_SEEDS; seed++)); do
		fr record --strategy random --seed $seed -o race.zst -- "${row_command[@]}"
		mv out rec.out
		[ "$status" = 0 ] || wrong+=("seed $seed: status $status: $err")
		outcome=$(cat rec.out)
		cat rec.out >>said
		[ -z "${seen[$outcome]}" ] || ((seed % 10 == 0)) || continue
		seen[$outcome]=$seed
		fr replay -o replay.zst race.zst
		[ "$status" = 0 ] && cmp -s rec.out out || differs+=("seed $seed: $(tail -n 4 <<<"$err")")
		[ "$(info replay.zst order_hash)" = "$(info race.zst order_hash)" ] ||
			differs+=("seed $seed: another order_hash")
	done
	problems "$row_name: random schedules" "${wrong[@]}"
	problems "$row_name: replays, of each outcome one" "${differs[@]}"
	fr info --verify race.zst
	is "$row_name: the hashes are those of the events" "$status" 0
	sort -u said >met
}

# met OUTCOME...: each was met by some seed.
met() {
	local outcome
	for outcome in "$@"; do
		ok "$row_name: some schedule meets '$outcome'" grep -qx -e "$outcome" met
	done
}

check_file_row() {
	check_race
	case $row_name in
	toctou_open)
		met "way 0: both" "way 0: one" "way 3: both" "way 3: one"
		is "$row_name: O_EXCL and mkdir" "$(grep -c '^way [12]: both' met)" 0
		;;
	file_update)
		for way in 0 1 2 3; do
			met "way $way: both" "way $way: lost"
		done
		;;
	rename_unlink)
		met nothing lost read
		;;
	esac
}

each_row check_file_row file

# What the trace says of files.
fr record --strategy random --seed 2 -o named.zst -- "$B/targets/rename_unlink"
like "a file is called by its path" "$("$FR" show named.zst)" \
	'looks at file:/tmp/rename_unlinkXXXXXX/name'
like "a rename tells both names" "$("$FR" show named.zst)" \
	'renames file:/tmp/rename_unlinkXXXXXX/draft to file:/tmp/rename_unlinkXXXXXX/name'

# A lane that is alone, and what is below /usr, makes no points.
cat >alone.py <<'PY'
import os, threading
open("alone.txt", "w").close()
def work():
    os.path.exists("/usr/lib/none")
    os.path.exists("beside.txt")
thread = threading.Thread(target=work)
thread.start()
thread.join()
os.unlink("alone.txt")
PY
if have /usr/bin/python3; then
	fr record -o alone.zst /usr/bin/python3 alone.py
	is "alone: status" "$status" 0
	said=$("$FR" show --kind 'file_*' alone.zst)
	unlike "alone: no events" "$said" 'alone\.txt'
	unlike "alone: none below /usr" "$said" '/usr/'
	like "alone: but for what a second thread does" "$said" 'looks at file:\./beside\.txt: ENOENT'
else
	skip "alone" "no python3"
fi
done_testing
