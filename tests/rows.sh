# The end-to-end test of one row of tests/targets/TARGETS. Source it after lib.sh:
#
#	check_rows thread mutex cond    every row of these families
#
# Each row runs natively, is recorded under the natural strategy and under three seeds of the random
# one, and each of these traces is replayed. A record or a replay is one test; what has to hold
# depends on the kind of the row and is told beside check_record.

SEEDS="1 2 3"
PYTHON3=/usr/bin/python3
# Nothing here takes a second on an idle machine.
LIMIT=${FRONTRUN_TEST_LIMIT:-30}

# fields TRACE: what two traces of the same run have in common.
fields() {
	"$FR" info --json "$1" |
		jq -r '[.verdict, .status, .events, .decisions, .lanes, .objects, .order_hash, .hb_hash] | join(" ")'
}

# problems NAME LINE...: one test that passes when there is no line.
problems() {
	local name=$1
	shift
	if [ $# -eq 0 ]; then
		pass "$name"
	else
		fail "$name" "$@"
	fi
}

# differ FILE FILE: the first lines of the difference, nothing when there is none.
differ() {
	diff -u --label "$1" --label "$2" "$1" "$2" 2>&1 | head -15
}

# words FILE: what the program itself said on stderr. AddressSanitizer says its process id, which
# it asks the kernel for by an instruction of its own.
words() {
	target_stderr "$1" | sed -E 's/^==[0-9]+==/==PID==/'
}

# check_record TRACE: runs the program of the row under record. By the kind of the row:
#   stable, exit, load  output and status of the native run
#   order               its status; its output in another order
#   crash               its status; its stdout up to the order
#   deadlock            status 124, verdict deadlock (a cycle) or stuck (nobody can wake anybody)
check_record() {
	local trace=$1 expect=$row_status wrong=() said
	shift
	[ "$row_kind" != deadlock ] || expect=124
	fr record -o "$trace" "$@" -- "${row_command[@]}"
	mv "$T/out" rec.out
	words "$T/err" >rec.err
	[ "$status" = "$expect" ] ||
		wrong+=("status $status, expected $expect" "stderr: $(tail -n 12 <<<"$err")")
	case $row_kind in
	deadlock)
		said=$(info "$trace" verdict)
		[[ $said =~ ^(deadlock|stuck)$ ]] || wrong+=("verdict $said, expected a deadlock")
		;;
	order | crash)
		said=$(differ <(sort native.out) <(sort rec.out)) && [ -z "$said" ] || wrong+=("$said")
		;;
	*)
		said=$(differ native.out rec.out) && [ -z "$said" ] || wrong+=("$said")
		said=$(differ native.err rec.err) && [ -z "$said" ] || wrong+=("$said")
		;;
	esac
	[ "$(info "$trace" complete)" = true ] || wrong+=("the trace is not complete")
	problems "$row_name: record $*" "${wrong[@]}"
}

# check_replay TRACE WHAT: the same run again: output, verdict, hashes, and what replay says of it.
check_replay() {
	local trace=$1 expect=0 wrong=() said
	[ "$row_kind" != shared ] || return 0
	[ "$row_status" = 0 ] || expect=1
	fr replay -o replay.zst "$trace"
	mv "$T/out" rep.out
	words "$T/err" >rep.err
	[ "$status" = "$expect" ] ||
		wrong+=("status $status, expected $expect" "stderr: $(tail -n 12 <<<"$err")")
	said=$(differ rec.out rep.out) && [ -z "$said" ] || wrong+=("$said")
	said=$(differ rec.err rep.err) && [ -z "$said" ] || wrong+=("$said")
	said=$(differ <(fields "$trace") <(fields replay.zst)) && [ -z "$said" ] || wrong+=("$said")
	problems "$row_name: replay $2" "${wrong[@]}"
}

check_native() {
	local wrong=()
	# The shell itself says so when a command dies of a signal.
	run "${row_command[@]}" 2>/dev/null
	mv "$T/out" native.out
	words "$T/err" >native.err
	[ "$status" = "$row_status" ] || wrong+=("status $status, expected $row_status" "$err")
	problems "$row_name: native" "${wrong[@]}"
}

check_row() {
	local seed
	[ "$row_kind" = deadlock ] || check_native
	check_record natural.zst
	check_replay natural.zst natural
	for seed in $SEEDS; do
		check_record "seed.zst" --strategy random --seed "$seed"
		check_replay "seed.zst" "seed $seed"
	done
}

# each_row FUNCTION FAMILY...: calls FUNCTION with $row_name, $row_kind, $row_status and the array
# row_command set; rows that cannot run here are skipped by name.
each_row() {
	local call=$1 families=" ${*:2} " name lang flags family kind argv status3
	while IFS='|' read -r name lang flags family kind argv status3 <&3; do
		read -r name <<<"$name"
		read -r lang <<<"$lang"
		read -r family <<<"$family"
		read -r row_kind <<<"$kind"
		read -r row_status <<<"$status3"
		read -ra argv <<<"$argv"
		[ "${argv[0]}" != - ] || argv=()
		[[ $families == *" $family "* && $lang != so ]] || continue
		row_name="$name${argv[*]:+ ${argv[*]}}"
		if [ "$lang" = py ]; then
			row_command=("$PYTHON3" "$ROOT/tests/targets/$name.py" "${argv[@]}")
		else
			row_command=("$B/targets/$name" "${argv[@]}")
		fi
		if [ ! -x "${row_command[0]}" ]; then
			skip "$row_name" "${row_command[0]##*/} is not there (flags: $flags)"
			continue
		fi
		"$call"
	done 3< <(grep -v '^#' "$ROOT/tests/targets/TARGETS")
}

# check_rows FAMILY...
check_rows() {
	each_row check_stable_row "$@"
}

# The kinds that need more than a command line have tests of their own.
check_stable_row() {
	case $row_kind in
	outside | part | hostile | refused | race) ;;
	*) check_row ;;
	esac
}
