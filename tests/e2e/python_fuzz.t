#!/bin/bash
# The Python programs of the corpus under `frontrun fuzz`: each bug is found within its budget, fails
# as its .expect file says, is confirmed 10 times of 10, and is said to be possible with or without
# the GIL as it is; its twin survives. All of them with the system's interpreter; the others run those
# that show what differs between versions.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/python_lib.sh"

export TMPDIR=$T
SOME="counter_method counter_plain counter_property collector_switch cached_property_twice dict_changed
generator_shared sort_append abba_with missed_signal half_built queue_empty lru_cache_twice"
TWIN_SCHEDULES=60
bugs=0 named=0 others=()

# expect NAME KEY: of corpus/python/NAME.expect.
expect() {
	sed -n "s/^$2=//p" "$ROOT/corpus/python/$1.expect"
}

# gil NAME MINOR: what the label has to be.
gil() {
	local special
	special=$(expect "$1" "gil-${2//./\\.}")
	echo "${special:-$(expect "$1" gil)}"
}

kinds_of() {
	case $1 in
	deadlock) echo '^(deadlock|stuck|hang)$' ;;
	livelock) echo '^livelock$' ;;
	exception) echo '^exception$' ;;
	exit:*) echo '^exit$' ;;
	esac
}

bug() {
	local minor=$1 python=$2 name=$3 steps since finding kind budget
	since=$(expect "$name" since)
	[ -z "$since" ] || [ "$(printf '%s\n' "$since" "$minor" | sort -V | head -1)" = "$since" ] || return
	steps=$(expect "$name" steps)
	budget=$(expect "$name" budget)
	rm -rf frontrun-failures trace.zst trace.base.zst
	# What takes so many is looked for in one way only: the other finds it too, as something else.
	fuzz --json --time-limit 3 --iterations "$budget" ${steps:+--steps "$steps"} \
		--gil "$([ "$budget" = 1000 ] && echo auto || expect "$name" gil)" -- \
		"$python" "$ROOT/corpus/python/$name.py"
	is "$minor: $name: found" "$status" 1
	[ "$status" = 1 ] || {
		diag "$out" "$err"
		return
	}
	finding=$(jq -c '.findings[0]' <<<"$out")
	kind=$(jq -r .kind <<<"$finding")
	like "$minor: $name: kind" "$kind" "$(kinds_of "$(expect "$name" kind)")"
	is "$minor: $name: with or without the GIL" "$(jq -r .gil <<<"$finding")" "$(gil "$name" "$minor")"
	[ "$kind" = hang ] ||
		is "$minor: $name: confirmed" "$(jq -c '[.confirmed, .runs]' <<<"$finding")" '[10,10]'
	bugs=$((bugs + 1))
	if [ "$(jq -r .pattern <<<"$finding")" = "$(expect "$name" story)" ]; then
		named=$((named + 1))
	else
		others+=("$minor: $name: $(jq -r .pattern <<<"$finding"), expected $(expect "$name" story)")
	fi
}

twin() {
	fuzz --iterations $TWIN_SCHEDULES -- "$2" -W ignore "$ROOT/corpus/python/${3}_ok.py"
	is "$1: ${3}_ok: no failure" "$status" 0
	[ "$status" = 0 ] || diag "$out" "$err"
}

cd "$T" || exit 1
while read -r minor python; do
	for source in "$ROOT"/corpus/python/*.expect; do
		name=$(basename "$source" .expect)
		[ "$python" = /usr/bin/python3 ] || [[ " ${SOME//$'\n'/ } " == *" $name "* ]] || continue
		[ -e "$B/libfrontrun-python$minor.so" ] || continue
		bug "$minor" "$python" "$name"
		twin "$minor" "$python" "$name"
	done
done < <(interpreters)
# What needs an interpreter without the GIL is reported, and is a failure only if that is asked for.
python=/usr/bin/python3 plain=$ROOT/corpus/python/counter_plain.py
rm -rf frontrun-failures
fuzz --iterations 300 --fail-on can-happen -- $python "$plain"
is "--fail-on can-happen: status" "$status" 0
like "... reported" "$out" "only without the GIL"
like "... as what it is" "$out" "not counted as a failure"
fuzz --iterations 300 --gil on -- $python "$plain"
is "--gil on: not found" "$status" 0
fuzz --iterations 300 --gil off -- $python "$plain"
is "--gil off: found" "$status" 1
fuzz --iterations 300 --no-agent -- $python "$plain"
is "--no-agent: variables are not seen" "$status" 0

diag "$named of $bugs stories have the expected pattern" "${others[@]}"
ok "at least 9 of 10 stories name the pattern" test $((10 * named)) -ge $((9 * bugs))
done_testing
