# The Python programs of the corpus under `frontrun fuzz`, sourced behind lib.sh, fuzz_lib.sh and
# python_lib.sh: each bug is found within its budget, fails as its .expect file says, is confirmed, and
# is said to be possible with or without the GIL as it is; its twin survives.

export TMPDIR=$T
TWIN_SCHEDULES=25
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
	[ "$budget" = 1000 ] || return # for make bench-full
	fuzz --json --confirm 3 --time-limit 3 --iterations "$budget" ${steps:+--steps "$steps"} -- \
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
		is "$minor: $name: confirmed" "$(jq -c '[.confirmed, .runs]' <<<"$finding")" '[3,3]'
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

# search MINOR PYTHON NAME...
search() {
	local minor=$1 python=$2 name
	shift 2
	for name; do
		bug "$minor" "$python" "$name"
		twin "$minor" "$python" "$name"
	done
}

# What differs between versions of Python.
SOME="counter_method counter_plain counter_property collector_switch cached_property_twice dict_changed
generator_shared sort_append abba_with missed_signal half_built queue_empty lru_cache_twice"

# some_under MINOR: those programs, with an interpreter that is not the system's.
some_under() {
	local line minor python all
	# Read first: frontrun takes what is in an open pipe for input of the program.
	mapfile -t all < <(interpreters)
	for line in "${all[@]}"; do
		read -r minor python <<<"$line"
		[ "$minor" = "$1" ] && [ -e "$B/libfrontrun-python$minor.so" ] || continue
		# shellcheck disable=SC2086
		search "$minor" "$python" $SOME
		enough_named
		return
	done
	skip "programs under Python $1" "there is no such interpreter, or no agent for it"
}

# enough_named: most stories say what they should.
enough_named() {
	diag "$named of $bugs stories have the expected pattern" "${others[@]}"
	ok "at least 9 of 10 stories name the pattern" test $((10 * named)) -ge $((9 * bugs))
}
