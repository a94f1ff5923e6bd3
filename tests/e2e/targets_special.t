#!/bin/bash
# Targets that need more than a command line: that wait for the outside, have threads of somebody
# else, damage what they can reach, or cannot be controlled.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/rows.sh"

# Somebody else's threads, or children that race each other: the program runs as it does natively. What is not controlled is said, and
# a replay then either agrees or says where it does not.
part() {
	check_native
	check_record part.zst
	fr replay part.zst
	if [ "$status" = 125 ]; then
		like "$row_name: where the replay diverged" "$err" 'diverged at event [0-9,]+ of [0-9]+'
		like "$row_name: and why that can be" "$err" \
			'replay may differ from here|perhaps because .* ran beside it'
	else
		is "$row_name: status of replay" "$status" 0
		same_file "$row_name: replayed stdout" rec.out "$T/out"
	fi
}

hostile() {
	check_native
	fr record -o hostile.zst -- "${row_command[@]}"
	is "$row_name: status of record" "$status" 125
	like "$row_name: says what happened" "$err" '^frontrun: the program damaged the recording'
	ok "$row_name: the trace up to there can be read" "$FR" info hostile.zst
	ok "$row_name: and shown" "$FR" show hostile.zst
	no_orphans "$row_name: no process is left"
}

refused() {
	check_native
	fr record -o refused.zst -- "${row_command[@]}"
	is "$row_name: status of record" "$status" 125
	is "$row_name: it did not run" "$out" ""
	like "$row_name: says why, and what to do" "$err" '^frontrun: .* is statically linked: link it'
	is "$row_name: in one line" "$(wc -l <<<"$err")" 1
	ok "$row_name: no trace is left" test ! -e refused.zst
}

# children PID: of a process.
children() {
	cat /proc/"$1"/task/*/children 2>/dev/null
}

# The program's process: the CLI's child is the guardian, its first child the program.
program_of() {
	local guardian
	read -r guardian _ < <(children "$1")
	children "$guardian" | cut -d ' ' -f 1
}

# Nobody can run, and only the outside can help: never a deadlock. It is helped when it has said
# that it waits. A signal for pause(2) may come just before it, so it is sent until all is over.
outside() {
	local what=${row_command[1]} cli pid line input=/dev/null
	[ "${row_command[0]##*/}" = await_outside ] || return 0
	if [[ $what == stdin || $what == poll ]]; then
		input=in
		rm -f in && mkfifo in
	fi
	rm -f outside.pipe && mkfifo outside.pipe
	"$FR" record -o outside.zst -- "${row_command[@]}" <$input >outside.pipe 2>rec.err &
	cli=$!
	[ $input = /dev/null ] || exec 8>in
	exec 7<outside.pipe
	read -r line <&7
	is "$row_name: it waits" "$line" waiting
	pid=$(program_of $cli)
	if [ $input = in ]; then
		echo hello >&8
	else
		kill -USR1 "$pid"
	fi
	echo waiting >rec.out
	while ! read -rt 0.1 line <&7; do
		[ "$what" != pause ] || kill -USR1 "$pid"
	done
	{ echo "$line" && cat <&7; } >>rec.out
	wait $cli
	is "$row_name: status of record" $? 0
	exec 7<&- 8>&-
	like "$row_name: what came" "$(cat rec.out)" "^(interrupted|signal USR1|line hello)$"

	# What was read from a descriptor is not in the trace: signalfd tells the signal so.
	[ "$what" != signalfd ] || return 0
	echo hello >answer
	fr replay -o replay.zst outside.zst <answer
	is "$row_name: status of replay" "$status" 0
	same_file "$row_name: replayed stdout" rec.out "$T/out"
	is "$row_name: replayed run" "$(fields replay.zst)" "$(fields outside.zst)"
}

# Both ends of the pipe are in the program itself, but who could know: it waits for the outside.
waits_for_ever() {
	[ "${row_command[0]##*/}" != await_outside ] || return 0
	fr record --time-limit 0.5 -o ever.zst -- "${row_command[@]}"
	is "$row_name: status at the time limit" "$status" 124
	is "$row_name: no deadlock" "$(info ever.zst verdict)" signal
	fr replay -o replay.zst ever.zst
	is "$row_name: status of replay" "$status" 1
	is "$row_name: replayed events" "$(info replay.zst order_hash)" "$(info ever.zst order_hash)"
}

special() {
	case $row_kind in
	part) part ;;
	hostile) hostile ;;
	refused) refused ;;
	outside) outside && waits_for_ever ;;
	esac
}

each_row special outside threads yield deadlock limits
done_testing
