#!/bin/bash
# As io_replay.t, for clients of PostgreSQL, and SQLite.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/io_lib.sh"

prepare
P=$T/programs
if have_postgres && start_postgres; then
	echo 'SELECT now(), pg_backend_pid();' >input/script.sql
	kept psql 0 1 psql -X "$PG_TCP" -c 'SELECT version()' -f "$T/input/script.sql"
	kept psql-unix 1 1 psql -X "$PG_UNIX" -c 'SELECT nothing'
	kept psycopg2 0 4 "$PYTHON3" "$P/psycopg2_threads.py" "$PG_TCP"
	kept psycopg2-unix 0 4 "$PYTHON3" "$P/psycopg2_threads.py" "$PG_UNIX"
	kept sqlalchemy 0 4 "$PYTHON3" "$P/orm_threads.py" \
		"postgresql://test@127.0.0.1:$PG_PORT/postgres"
else
	skip "psycopg2, psql and SQLAlchemy" "no PostgreSQL 15, python3-psycopg2 or python3-sqlalchemy"
fi
if have sqlite3; then
	sqlite3 input/bank.db 'CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, balance INTEGER);
		INSERT INTO account VALUES (1, "ann", 0), (2, "bob", 7);'
	kept sqlite3 0 4 "$PYTHON3" "$P/sqlite_threads.py" "$T/input/bank.db"
else
	skip "SQLite" "no sqlite3"
fi
replay_without 20
for trace in psycopg2 sqlalchemy; do
	[ -e $trace-random.zst ] || continue
	flipped $trace-random
	ten_years_ago $trace-random 0
done
done_testing
