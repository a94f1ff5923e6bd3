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
