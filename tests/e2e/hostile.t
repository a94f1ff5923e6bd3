#!/bin/bash
# Traces of strangers: what their commands do is done to nobody, and what they claim to have come in does not reach
# memory that nobody offered. Each is replayed without --trust.
. "$(dirname "$0")/../lib.sh"

export PATH=$B:$PATH TMPDIR=$T/scratch
mkdir "$TMPDIR" home
STRANGER="$ROOT/tests/hostile_trace.py"

# edit FROM TO FILTER: the lines of a trace through a jq filter, as one plain zstd frame without index.
edit() {
	zstdcat -q "$1" | jq -c "$3" | zstd -q -f -o "$2"
}

# fill: what there is to lose.
fill() {
	rm -rf home && mkdir home home/old && echo precious >home/file
}

untouched() {
	is "$1: nothing is different" \
		"$(cd home && find . -printf '%p %m %n\n' | sort; cat file)" \
		"$(printf '%s\n' '. 755 3' './file 644 1' './old 755 2' precious)"
}

# strange NAME COMMAND...: records the command with all that it does, undoes that, and replays it as a stranger's.
strange() {
	local name=$1
	shift
	fill
	run frontrun record --env FRONTRUN_TEST_TOKEN -o ours.zst "$@"
	isnt "$name: was recorded" "$status" 125
	fill
	"$STRANGER" ours.zst strange.zst
	run frontrun replay strange.zst
	like "$name: the command is named" "$(head -n 1 err)" '^frontrun: replaying strange.zst: '
	untouched "$name"
	is "$name: nothing stays in the scratch directory" "$(ls "$TMPDIR")" ""
}

umask 022

#
# Commands
#
strange "writing by the program itself" \
	bash -c 'echo x >home/new; echo x >home/file; echo x >>home/file; cd home && echo y >other'
strange "writing by its children" \
	sh -c 'touch home/new; echo x | tee home/file; mkdir home/d; ln -s / home/l; mv home/file home/moved; rm -rf home/old; :'
strange "what belongs to a file" \
	sh -c 'chmod 777 home home/file; touch -d 2001-01-01 home/file; ln home/file home/second; chattr +d home/file 2>/dev/null; :'
strange "by Python" /usr/bin/python3 -c '
import os, shutil, subprocess
subprocess.call(["rm", "-rf", "home"])
os.makedirs("home/old", exist_ok=True)
open("home/file", "w").write("other")
shutil.rmtree("home")'

# A process that counts who comes; it ends with standard input.
coproc listener { exec env -u FRONTRUN_TEST_TOKEN /usr/bin/python3 -c '
import select, socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
count = 0
while True:
    ready = select.select([server, sys.stdin], [], [])[0]
    if server in ready:
        server.accept()[0].close()
        count += 1
    elif not sys.stdin.readline():
        break
    else:
        print(count, flush=True)'; }
read -ru "${listener[0]}" port
connections() {
	echo >&"${listener[1]}"
	read -ru "${listener[0]}" count
	echo "$count"
}
call="exec 3<>/dev/tcp/127.0.0.1/$port"
run frontrun record -o ours.zst bash -c "$call; (${call/3/4})"
before=$(connections)
is "the network: it was called when recording" "$before" 2
"$STRANGER" ours.zst strange.zst
run frontrun replay strange.zst
is "the network: nobody called in the replay" "$(connections)" "$before"
run frontrun replay --live --trust strange.zst
is "the network: --live calls, with --trust" "$(connections)" $((before + 2))

# The one that the recording kills is not the one that the trace names.
victim() {
	sleep 1000 &
	victim=$!
}
victim
run frontrun record -o ours.zst sh -c "kill -KILL $victim; sh -c 'kill -KILL $victim'"
first=$victim
victim
edit ours.zst edited.zst "if .frontrun then .argv[2] |= gsub(\"$first\"; \"$victim\") else . end"
"$STRANGER" edited.zst strange.zst
run frontrun replay strange.zst
ok "other processes live on" kill -0 "$victim"
kill "$victim"

# Calls that only the kernel can answer, of which the trace knows nothing.
fill
echo gone >home/other
victim
run frontrun record -o ours.zst "$B/targets/raw_calls" home/file home/other "$port" "$victim"
is "calls past the trace: the recording did harm" "$(cat home/file; ls home) $(connections)" \
	"harm"$'\n'"file"$'\n'"old $((before + 3))"
victim
edit ours.zst edited.zst "if .frontrun then .argv[4] = \"$victim\" else . end"
"$STRANGER" edited.zst strange.zst
fill
run frontrun replay strange.zst
is "calls past the trace: status" "$status" 0
untouched "calls past the trace"
is "calls past the trace: nobody called" "$(connections)" $((before + 3))
ok "calls past the trace: the process lives on" kill -0 "$victim"
run frontrun replay --live --trust strange.zst
is "calls past the trace: --live does harm, with --trust" "$(cat home/file)" harm

# The loader itself writes where its variable says, before anything of ours is there.
run frontrun record -o ours.zst "$B/targets/print_order"
edit ours.zst edited.zst "if .frontrun then .environment += { LD_DEBUG: \"all\",
	LD_DEBUG_OUTPUT: \"$T/home/loader\" } else . end"
"$STRANGER" edited.zst strange.zst
fill
run frontrun replay strange.zst
untouched "variables of the loader"

run frontrun record --env FRONTRUN_TEST_TOKEN -o ours.zst \
	bash -c 'for i in {1..100}; do setsid sleep 1000 & done'
"$STRANGER" ours.zst strange.zst
run frontrun replay strange.zst
no_orphans "a hundred daemons: none is left"

run frontrun record -o ours.zst "$B/targets/print_order"
edit ours.zst static.zst "if .frontrun then .argv[0] = \"$B/targets/static_binary\" else . end"
"$STRANGER" static.zst strange.zst
run frontrun replay strange.zst
is "a static program: status" "$status" 125
like "a static program: is refused" "$err" 'statically linked'
edit ours.zst escape.zst 'if .frontrun then .argv += ["\u001b]0;owned\u0007", "$(touch home/new)"] else . end'
"$STRANGER" escape.zst strange.zst
run frontrun replay strange.zst
ok "no escape of the trace reaches the terminal" [ "$(tr -cd '\033\007' <err | wc -c)" -eq 0 ]
untouched "arguments go through no shell"
edit ours.zst copy.zst 'if .frontrun then .cwd = "/" | .sandbox = { scratch: true } else . end'
"$STRANGER" copy.zst strange.zst
run frontrun replay strange.zst
is "a copy of the whole disk is not made" "$status" 0
for module in /dev/zero "$T/pipe" "$T/home"; do
	[ "$module" != "$T/pipe" ] || mkfifo pipe
	edit ours.zst module.zst "if .module and (.main | not) then .path = \"$module\" | .build_id = \"xxh3:0\" else . end"
	"$STRANGER" module.zst strange.zst
	run frontrun replay strange.zst
	is "a module that is ${module##*/}" "$status" 0
done

#
# What the machine is like
#
# The shell's own question, so that nothing is read.
# shellcheck disable=SC2016
(
	umask 027
	ulimit -n 300
	ulimit -S -s 4096
	mkdir gone && cd gone || exit
	HOME=/home/alice SECRET=hush TZ=Asia/Tokyo run frontrun record -o ../ours.zst bash -c \
		'umask; ulimit -n; ulimit -s; echo "$HOME ${SECRET+set} $TZ ${ALIEN-none} $PWD"; pwd'
	mv "$T/out" "$T/recorded.out"
)
rmdir gone
"$STRANGER" ours.zst strange.zst
HOME=/home/bob ALIEN=1 TZ=UTC run frontrun replay strange.zst
is "another machine: status" "$status" 0
unlike "another machine: the program gets what it had, without a word" "$err" warning
same_file "another machine: it looks the same" recorded.out out
is "values that are not of the list stay at home" "$(zstdcat ours.zst | grep -c hush)" 0
like "their names are in the trace" "$(zstdcat ours.zst | head -n 1)" '"environment_names":\[[^]]*"SECRET"'
SECRET=again run frontrun replay ours.zst
is "our own trace finds them here" "$status" 0

#
# Answers that no kernel gives
#
cp "$ROOT/LICENSE" input
run frontrun record -o bounds.zst "$B/targets/input_bounds" input
is "record input" "$status" 0
cp out recorded.out
rm input
"$STRANGER" bounds.zst strange.zst
run frontrun replay strange.zst
is "unchanged it is replayed: status" "$status" 0
same_file "unchanged it is replayed: output" recorded.out out
while read -r change; do
	"$STRANGER" bounds.zst strange.zst "$change"
	run frontrun replay strange.zst
	case $change in
	# A file of the trace's choice is opened, and not read.
	reference_traversal) is "$change: status" "$status" 0 ;;
	*) is "$change: status" "$status" 125 ;;
	esac
	like "$change: a sentence" "$err" '^frontrun: (diverged|replayed|strange.zst)'
	unlike "$change: memory is intact" "$err" 'breached|signal|crash'
done < <("$STRANGER" --list)
is "nothing stays in the scratch directory" "$(ls "$TMPDIR")" ""

exec {listener[1]}>&-
wait
done_testing
