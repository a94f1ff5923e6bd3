#!/bin/bash
# Clients of Redis, with threads: recorded, then replayed with the servers stopped, all input
# moved away, in a network without anything and at another time.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/io_lib.sh"

prepare
P=$T/programs
have_redis || skip_all "no redis-server, redis-cli or python3-redis"
if start_redis; then
	kept redis-cli 0 1 redis-cli -p "$REDIS_PORT" INCR visits
	printf 'SET a 1\nINCR a\nTIME\nLRANGE none 0 -1\nNONSENSE\n' >input/commands
	STDIN=input/commands kept redis-cli-unix 0 1 redis-cli -s "$REDIS_SOCKET"
	kept redis-py 0 4 "$PYTHON3" "$P/redis_threads.py" "$REDIS_PORT"
	seq 100 >input/numbers
	kept asyncio 0 2 "$PYTHON3" "$P/asyncio_streams.py" "$REDIS_PORT" "$T/input/numbers"
fi
replay_without 20
flipped redis-py-random
ten_years_ago redis-py-random 0
done_testing
