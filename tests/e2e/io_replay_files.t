#!/bin/bash
# As io_replay.t, for programs whose input are files, other programs, and what libc asks the system.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/io_lib.sh"

prepare
P=$T/programs
seq 1000 | sed 's/7/seven apples/' >input/words
kept c_input 7 3 "$B/io/c_input" "$T/input" "$T/input/words"
kept subprocess 0 3 "$PYTHON3" "$P/subprocess_pipeline.py" "$T/input/words"

# urllib against a native server, and a server under test with native clients.
echo one >input/one.txt
seq 5000 >input/two.txt
port=$(free_port)
"$PYTHON3" -u -m http.server --bind 127.0.0.1 --directory "$T/input" "$port" >served 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
	pause
done
kept urllib 0 3 "$PYTHON3" "$P/http_client.py" "http://127.0.0.1:$port"
kill $server
wait $server 2>/dev/null

# Two at a time ask the server, then one stops it.
clients() {
	local i first
	until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		pause
	done
	for i in 1 2 3; do
		"$PYTHON3" "$P/http_client.py" "http://127.0.0.1:$port/$i" &
		first=$!
		"$PYTHON3" "$P/http_client.py" "http://127.0.0.1:$port/$i"
		wait $first
	done
	"$PYTHON3" -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/stop')"
}
port=$(free_port)
BESIDE=clients kept http_server 0 3 "$PYTHON3" "$P/http_server.py" "$port"
replay_without 20
flipped c_input-random
ten_years_ago subprocess-random 0
done_testing
