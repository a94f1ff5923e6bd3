# A bug of the corpus, for the tests that look for each of them; sourced behind fuzz_lib.sh.

bugs=0 fewest=0 others=()

# The kinds of failure that go with a kind of an .expect file.
kinds_of() {
	case $1 in
	deadlock) echo '^(deadlock|stuck)$' ;;
	livelock) echo '^livelock$' ;;
	abort | signal:*) echo '^signal$' ;;
	exit:*) echo '^exit$' ;;
	memory) echo '^memory$' ;;
	esac
}

words_of() {
	case $1 in
	abort) echo 'signal 6 (SIGABRT)' ;;
	signal:*) echo "signal ${1#signal:} (SIG$(kill -l "${1#signal:}"))" ;;
	exit:*) echo "exit status ${1#exit:}" ;;
	*) ;;
	esac
}

bug() {
	local name=$1 kind budget trace passing line story finding wanted
	kind=$(expect "$name" kind)
	budget=$(expect "$name" budget)
	with_options "$name"
	rm -rf frontrun-failures trace.zst trace.base.zst
	fuzz --iterations "$budget" "${options[@]}" -- "$B/corpus/$name"
	is "$name: found within $budget schedules" "$status" 1
	[ "$status" = 1 ] || {
		diag "$out" "$err"
		return
	}
	unlike "$name: nothing of the program's on stderr" "$(target_stderr err)" .
	line=$(sed -n 's/^  replay:  //p' out)
	is "$name: one finding" "$(wc -l <<<"$line")" 1
	trace=${line##* }
	finding=$(zstdcat -q "$trace" | tail -n 1 | jq .finding)
	like "$name: kind" "$(jq -r .kind <<<"$finding")" "$(kinds_of "$kind")"
	wanted=$(words_of "$kind")
	[ -z "$wanted" ] || like "$name: how it failed" "$(tr '()' '..' <<<"$err")" "fails: $(tr '()' '..' <<<"$wanted");"
	is "$name: confirmed" "$(jq -c '[.confirmed, .runs]' <<<"$finding")" '[10,10]'
	bugs=$((bugs + 1))
	if [ "$(jq .preemptions <<<"$finding")" = "$(expect "$name" preemptions)" ]; then
		fewest=$((fewest + 1))
	else
		others+=("$name: $(jq .preemptions <<<"$finding"), expected $(expect "$name" preemptions)")
	fi

	# The same story from the trace alone.
	story=$(sed '/^  replay: /,$d' out)
	"$FR" explain "$trace" >explained 2>/dev/null
	is "$name: explain begins with the story" \
		"$(head -n "$(($(wc -l <<<"$story") - 2))" explained)" \
		"$(head -n "$(($(wc -l <<<"$story") - 2))" <<<"$story")"

	# The printed line, here and elsewhere.
	run bash -c "$line"
	is "$name: the replay line" "$status" 1
	run env -i PATH="$PATH" HOME=/nowhere LANG=C SHELL=/bin/false A=b bash -c "cd / && frontrun replay $T/$trace"
	is "$name: replay from elsewhere" "$status" 1
	ok "$name: trace.zst is the finding" cmp -s trace.zst "$trace"

	# Without one choice it passes, each time.
	passing=${trace%.zst}-passes.zst
	if [ "$(jq .decisions <<<"$finding")" != 0 ]; then
		fr replay --count 10 "$passing"
		is "$name: the fixed order" "$status $(grep -c 'identical; exit status 0$' err)" "0 10"
	else
		ok "$name: no choice is needed, none is left out" test ! -e "$passing"
	fi
}

# most_are_fewest: of nine in ten the failure has as few preemptions as there can be.
most_are_fewest() {
	ok "the fewest preemptions for 9 of 10: $fewest of $bugs" [ $((fewest * 10)) -ge $((bugs * 9)) ]
	[ ${#others[@]} -eq 0 ] || diag "${others[@]}"
}
