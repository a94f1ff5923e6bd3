#!/bin/bash
# The corpus: each bug is found by the random strategy within its budget, fails as its .expect file
# says, and happens again in every replay; each fixed twin survives, with the same options. Needs no
# instrumentation.
. "$(dirname "$0")/../lib.sh"

LIMIT=${FRONTRUN_TEST_LIMIT:-30}
TWIN_SEEDS=20
REPLAYS=3

# expect NAME KEY: of corpus/NAME.expect.
expect() {
	sed -n "s/^$2=//p" "$ROOT/corpus/$1.expect"
}

# The status of record for a kind of failure.
status_of() {
	case $1 in
	deadlock) echo 124 ;;
	livelock) echo 124 ;;
	abort) echo 134 ;;
	signal:*) echo $((128 + ${1#signal:})) ;;
	exit:*) echo "${1#exit:}" ;;
	esac
}

# random NAME SEED PROGRAM TRACE: a run with the options that NAME.expect asks for.
random() {
	local steps parameter
	steps=$(expect "$1" steps)
	parameter=$(expect "$1" parameter)
	fr record --strategy random --seed "$2" ${parameter:+--parameter "$parameter"} \
		${steps:+--steps "$steps"} -o "$4" -- "$B/corpus/$3"
}

twin() {
	local name=${1}_ok seed failed=()
	fr record -o twin.zst -- "$B/corpus/$name"
	is "$name: natural" "$status" 0
	for ((seed = 1; seed <= TWIN_SEEDS; seed++)); do
		random "$1" $seed "$name" twin.zst
		[ "$status" = 0 ] || failed+=("seed $seed: status $status" "$err")
	done
	if [ ${#failed[@]} -eq 0 ]; then
		pass "$name: $TWIN_SEEDS seeds"
	else
		fail "$name: $TWIN_SEEDS seeds" "${failed[@]}"
	fi
}

bug() {
	local name=$1 kind budget seed want verdict i story
	kind=$(expect "$name" kind)
	budget=$(expect "$name" budget)
	want=$(status_of "$kind")
	for ((seed = 1; seed <= budget; seed++)); do
		random "$name" $seed "$name" bug.zst
		[ "$status" = 0 ] || break
	done
	diag "$name: seed $seed"
	is "$name: found within $budget seeds, $kind" "$status" "$want"
	verdict=$(info bug.zst verdict)
	case $kind in
	deadlock) like "$name: verdict" "$verdict" '^(deadlock|stuck)$' ;;
	livelock) is "$name: verdict" "$verdict" "step budget" ;;
	abort) is "$name: verdict" "$verdict $(info bug.zst status)" "signal 6" ;;
	signal:*) is "$name: verdict" "$verdict $(info bug.zst status)" "signal ${kind#signal:}" ;;
	exit:*) is "$name: verdict" "$verdict $(info bug.zst status)" "exit ${kind#exit:}" ;;
	esac
	is "$name: the trace says that it failed" "$(info bug.zst failure)" true
	for ((i = 1; i <= REPLAYS; i++)); do
		fr replay -o again.zst bug.zst
		is "$name: replay $i fails again" "$status" 1
		is "$name: replay $i is the same run" "$(info again.zst order_hash)" \
			"$(info bug.zst order_hash)"
	done
	story=$("$FR" explain bug.zst)
	ok "$name: is explained" test -n "$story"
	names_threads "$name" "$story"
	[ "$kind" != deadlock ] || names_objects "$name" "$story"
}

# Each thread is called by a name, its own or that of its start function: "T2 (teller)".
names_threads() {
	like "$1: explain names the threads" "$2" 'T[0-9]+ (\([A-Za-z_][A-Za-z_0-9]*\)|"[a-z0-9 -]+")'
}

# Objects that are waited for are called by their variable, or by what does not change from run to
# run where they have none (the heap): no number of this trace, no address.
names_objects() {
	local waited
	waited=$(grep -E '^ +T[0-9]+ .* waits (to (lock|join|take from|pass|read|write)|on) ' <<<"$2")
	like "$1: explain says who waits for what" "$waited" 'T[0-9]+ .* waits '
	unlike "$1: and calls it by a name" "$waited" ' (o[0-9]+|0x[0-9a-f]+)$'
}

# Whether the runtime knows the function that the bug needs a scheduling point at.
has_point() {
	nm -D --defined-only "$B/libfrontrun.so" | grep -Eq " $1(@|\$)"
}

export TMPDIR=$T
for source in "$ROOT"/corpus/*.expect; do
	name=$(basename "$source" .expect)
	needs=$(expect "$name" needs)
	if [ -z "$needs" ] || has_point "$needs"; then
		bug "$name"
	else
		skip "$name" "no scheduling point at $needs()"
	fi
	twin "$name"
done
done_testing
