#!/bin/bash
# Lost updates through what is outside of the program: a server's key or row, a file, a database file. Each
# is found, fails again each time, and its story names the resource; the program put right survives.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"
. "$ROOT/tests/e2e/io_lib.sh"

export TMPDIR=$T
TWIN_SCHEDULES=12

# found [--no-minimise] NAME SENTENCE COMMAND...: by a search of at most 300 schedules. A run that
# starts the whole program takes too long for a schedule to be made as short as can be.
found() {
	local options=() name sentence said
	if [ "$1" = --no-minimise ]; then
		options=("$1")
		shift
	fi
	name=$1 sentence=$2
	shift 2
	rm -rf frontrun-failures
	fuzz --iterations 300 --confirm 3 "${options[@]}" -- "$@"
	is "$name: found" "$status" 1
	said=$(sed '/^$/,$d' <<<"$out" | tr '\n' ' ')
	like "$name: its story" "$said" "$sentence"
	like "$name: fails each time" "$out" 'reproduced 3/3'
}

survives() {
	local name=$1
	shift
	fuzz --iterations $TWIN_SCHEDULES -- "$@"
	is "$name: the program put right survives" "$status" 0
	[ "$status" = 0 ] || diag "$out" "$err"
}

both='T[23] "[a-z_]+" and T[23] "[a-z_]+" both'
if have_redis && start_redis; then
	found --no-minimise "Redis" "^I/O race: $both sent a request to socket:127.0.0.1:$REDIS_PORT at visit \(redis_lost_update.py:15\) before either sent the next one at visit \(redis_lost_update.py:16\)" \
		"$PYTHON3" "$PROGRAMS/redis_lost_update.py" "$REDIS_PORT"
	survives "Redis" "$PYTHON3" "$PROGRAMS/redis_lost_update_ok.py" "$REDIS_PORT"
else
	skip "Redis" "no redis-server, redis-cli or python3-redis"
fi
if have_postgres && start_postgres; then
	url=postgresql://test@127.0.0.1:$PG_PORT/postgres
	found --no-minimise "ORM" "^I/O race: $both sent a request to socket:127.0.0.1:$PG_PORT at log_in \(orm_lost_update.py:21\) before either sent the next one at log_in \(orm_lost_update.py:23\)" \
		"$PYTHON3" "$PROGRAMS/orm_lost_update.py" "$url"
	survives "ORM" "$PYTHON3" "$PROGRAMS/orm_lost_update_ok.py" "$url"
else
	skip "ORM" "no PostgreSQL 15, python3-psycopg2 or python3-sqlalchemy"
fi

# Their twins are tested in python_fuzz*.t.
corpus=$ROOT/corpus/python
found "a JSON file" "^I/O race: $both (read|opened) file:[^ ]*/settings.json at update \(file_lost_update.py:[0-9]+\) before either wrote it at update \(file_lost_update.py:[0-9]+\)" \
	"$PYTHON3" "$corpus/file_lost_update.py"
found "a file that both create" "^I/O race: T[23] and T[23] both looked for file:[^ ]*/report.txt at write_report \(create_twice.py:9\) before either changed it at write_report \(create_twice.py:10\)" \
	"$PYTHON3" "$corpus/create_twice.py"
found "SQLite" "^I/O race: $both read file:[^ ]*/bank.db at deposit \(db_lost_update.py:16\) before either wrote it at deposit \(db_lost_update.py:18\)" \
	"$PYTHON3" "$corpus/db_lost_update.py"
stop_servers
done_testing
