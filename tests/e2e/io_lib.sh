# Servers for tests of programs with real input; sourced behind lib.sh. Each listens on a port of the
# loopback that was free, has its files in a directory of its own, and is stopped when the file ends:
#
#	start_redis && "$FR" record -- redis-cli -p "$REDIS_PORT" ping
#	start_postgres && psql "$PG_TCP" -c 'SELECT 1'		over TCP; $PG_UNIX over a UNIX socket
#	stop_servers
#
# A server that could not be started says why as a failed test. Programs of Debian's packages only.

PYTHON3=/usr/bin/python3
PROGRAMS=$ROOT/tests/programs/io
PG_BIN=$(compgen -G '/usr/lib/postgresql/1[5-9]/bin' | head -1)
PG_DIRECTORY= REDIS_PID=
trap 'cd /; stop_servers; rm -rf "$T"' EXIT

free_port() {
	"$PYTHON3" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# pause: until something may have happened that the kernel tells nobody about.
pause() {
	read -rt 0.02 <> <(:)
}

# start_redis: leaves $REDIS_PORT, and $REDIS_SOCKET.
start_redis() {
	REDIS_PORT=$(free_port)
	REDIS_SOCKET=$T/redis.sock
	PATH=$PATH:/usr/sbin:/sbin redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save '' \
		--appendonly no --daemonize no --dir "$T" --unixsocket "$REDIS_SOCKET" \
		>"$T/redis.log" 2>&1 </dev/null &
	REDIS_PID=$!
	until [ "$(redis-cli -p "$REDIS_PORT" ping 2>/dev/null)" = PONG ]; do
		if ! kill -0 "$REDIS_PID" 2>/dev/null; then
			fail "start redis-server" "$(cat "$T/redis.log")"
			REDIS_PID=
			return 1
		fi
		pause
	done
	return 0
}

# as_server COMMAND...: PostgreSQL refuses to run as root.
as_server() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	elif id -u postgres >/dev/null 2>&1; then
		setpriv --reuid postgres --regid postgres --clear-groups "$@"
	else
		setpriv --reuid nobody --regid nogroup --clear-groups "$@"
	fi
}

# start_postgres: a new cluster; leaves $PG_PORT, and conninfo strings in $PG_TCP and $PG_UNIX.
start_postgres() {
	PG_DIRECTORY=$(mktemp -d /tmp/frontrun-pg.XXXXXX)
	PG_PORT=$(free_port)
	PG_TCP="host=127.0.0.1 port=$PG_PORT user=test dbname=postgres"
	PG_UNIX="host=$PG_DIRECTORY port=$PG_PORT user=test dbname=postgres"
	[ "$(id -u)" -ne 0 ] || chown "$(as_server id -u):$(as_server id -g)" "$PG_DIRECTORY"
	if ! (cd "$PG_DIRECTORY" &&
		as_server "$PG_BIN/initdb" -D data -U test -A trust -E UTF8 --locale C --no-sync &&
		as_server "$PG_BIN/pg_ctl" -D data -w -l log -o "-p $PG_PORT -h 127.0.0.1 \
			-k $PG_DIRECTORY -c fsync=off -c full_page_writes=off -c autovacuum=off" \
			start) >"$T/postgres.log" 2>&1 </dev/null; then
		fail "start PostgreSQL" "$(tail -20 "$T/postgres.log")" "$(cat "$PG_DIRECTORY/log" 2>&1)"
		return 1
	fi
}

# stop_servers: those that run; their files are gone as well.
stop_servers() {
	if [ -n "$REDIS_PID" ]; then
		kill "$REDIS_PID" 2>/dev/null
		wait "$REDIS_PID" 2>/dev/null
		REDIS_PID=
	fi
	if [ -n "$PG_DIRECTORY" ]; then
		(cd "$PG_DIRECTORY" && as_server "$PG_BIN/pg_ctl" -D data -w -m immediate stop) \
			>/dev/null 2>&1 </dev/null
		rm -rf "$PG_DIRECTORY"
		PG_DIRECTORY=
	fi
}

have_redis() {
	have redis-server && have redis-cli && "$PYTHON3" -c 'import redis' 2>/dev/null
}

have_postgres() {
	[ -n "$PG_BIN" ] && [ -x "$PG_BIN/initdb" ] && have setpriv &&
		"$PYTHON3" -c 'import psycopg2, sqlalchemy' 2>/dev/null
}

# What follows records programs, and replays them all when nothing of what they used is there. Their
# Python files are in $T/programs, their other files in $T/input, which are moved away meanwhile.
#
#	kept NAME STATUS LANES COMMAND...	records it, naturally and with a random schedule; each time
#						$BESIDE runs as well (a function)
#	replay_without TIMES			replays each so often: nothing may differ

# In a network without anything, and with the machine up for ten years more, where that is allowed.
ELSEWHERE=()
for option in -rnT -rn; do
	if unshare $option true 2>/dev/null; then
		ELSEWHERE=(unshare $option)
		[ $option = -rn ] || ELSEWHERE+=(--monotonic 315360000 --boottime 315360000)
		break
	fi
done
KEPT=() BESIDE=

prepare() {
	mkdir -p "$T/input"
	cp -r "$PROGRAMS" "$T/programs"
}

kept() {
	local name=$1 want=$2 lanes=$3 strategy trace beside
	shift 3
	for strategy in natural "random --seed 5"; do
		trace=$name-${strategy%% *}
		if [ -n "$BESIDE" ]; then
			$BESIDE >>beside.out 2>&1 </dev/null &
			beside=$!
		fi
		timeout -s KILL "$LIMIT" "$FR" record --strategy $strategy -o "$trace.zst" -- "$@" \
			>"$trace.out" 2>"$trace.err" <"${STDIN:-/dev/null}"
		is "$trace: status of record" $? "$want"
		[ -z "$BESIDE" ] || wait $beside
		target_stderr "$trace.err" >"$trace.said"
		ok "$trace: at least $lanes threads" test "$(info "$trace.zst" lanes)" -ge "$lanes"
		KEPT+=("$trace $want")
	done
}

# times N FILE: the contents so often.
times() {
	local i
	for ((i = 0; i < $1; i++)); do
		cat "$2"
	done
}

replay_without() {
	local item trace want
	stop_servers
	mkdir "$T/away"
	mv "$T/input" "$T/programs" "$T/away"
	for item in "${KEPT[@]}"; do
		trace=${item% *} want=${item##* }
		run "${ELSEWHERE[@]}" "$FR" replay --count "$1" --exit-status "$trace.zst"
		is "$trace: status of the replays" "$status" "$want"
		like "$trace: identical each time" "$err" "^frontrun: $1 of $1 replays identical"
		times "$1" "$trace.out" >expected.out
		times "$1" "$trace.said" >expected.err
		target_stderr err >got.err
		same_file "$trace: stdout of the replays" expected.out out
		same_file "$trace: stderr of the replays" expected.err got.err
	done
	mv "$T/away/input" "$T/away/programs" "$T"
}

# A replay with one decision of the trace changed: the last one that had a choice and is not one of
# the outside.
flipped() {
	zstdcat -q "$1.zst" | "$PYTHON3" -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
for line in reversed(lines):
    if line.get("d") in ("pick", "next") and len(line["from"]) > 1:
        line["to"] = next(lane for lane in line["from"] if lane != line["to"])
        break
else:
    sys.exit("no decision to change")
for line in lines:
    print(json.dumps(line, separators=(",", ":")))' | zstd -q -f -o flipped.zst
	fr replay --trust flipped.zst
	is "$1: with a decision changed, status" "$status" 125
	like "$1: with a decision changed, it is said" "$err" '^frontrun: diverged '
}

# The machine's clock is ten years ahead of the recording's.
ten_years_ago() {
	zstdcat -q "$1.zst" | "$PYTHON3" -c '
import json, sys
header = json.loads(sys.stdin.readline())
header["plan"]["realtime_ns"] = str(int(header["plan"]["realtime_ns"]) - 315360000 * 10**9)
print(json.dumps(header, separators=(",", ":")))
sys.stdout.write(sys.stdin.read())' | zstd -q -f -o old.zst
	fr replay --trust --exit-status old.zst
	is "$1: ten years ago, status" "$status" "$2"
	like "$1: ten years ago, the same" "$err" '^frontrun: replayed .*, identical;'
}
