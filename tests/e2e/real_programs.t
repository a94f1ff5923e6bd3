#!/bin/bash
# Programs that people use, as the distribution (or a compiler of today) made them: run natively, recorded
# under the natural strategy and under one seed of the random one, each of these replayed. The output and
# the status are the native ones, the replay is identical. What is not installed is a named skip.
. "$(dirname "$0")/../lib.sh"

# keep PREFIX COMMAND...: as `run`, but the output (megabytes here) stays in PREFIX.out and PREFIX.err.
keep() {
	local prefix=$1
	shift
	timeout -s KILL "$LIMIT" "$@" >"$prefix.out" 2>"$prefix.err" </dev/null
	status=$?
}

same() {
	cmp "$1" "$2" && [ -s "$1" ]
}

# controlled NAME LANES COMMAND...: native, and for each strategy record and replay; the traces have to
# hold LANES threads at least: else nothing would be tested.
controlled() {
	local name=$1 lanes=$2 native strategy way trace
	shift 2
	keep native "$@"
	native=$status
	is "$name: native" "$native" 0
	for strategy in natural "random --seed 5"; do
		way="$name, ${strategy%% *}"
		trace=${strategy%% *}.zst
		keep record "$FR" record --strategy $strategy -o "$trace" -- "$@"
		is "$way: status of record" "$status" "$native"
		ok "$way: recorded stdout is the native one" same native.out record.out
		is "$way: nothing but a summary on stderr" "$(target_stderr record.err)" "$(cat native.err)"
		ok "$way: at least $lanes threads" test "$(info "$trace" lanes)" -ge "$lanes"
		keep replay "$FR" replay -o replay.zst "$trace"
		is "$way: status of replay" "$status" 0
		like "$way: the replay is identical" "$(cat replay.err)" '^frontrun: replayed .*, identical;'
		ok "$way: replayed stdout" same record.out replay.out
		is "$way: order_hash of the replay" "$(info replay.zst order_hash)" "$(info "$trace" order_hash)"
	done
}

# with PROGRAM NAME LANES COMMAND...: as controlled, if the program is there.
with() {
	local program=$1
	shift
	if have "$program"; then
		controlled "$@"
	else
		skip "$1" "no $program"
	fi
}

# 5 MB: half of each line is hard to compress. Enough lines for sort to start a thread (128 * 1024).
awk 'BEGIN {
	for (i = 1; i <= 200000; i++) {
		x = (x * 16807 + i) % 2147483647
		printf "%010d account %06d\n", x, i % 1000
	}
}' >input
ok "the input has 5 MB" test "$(stat -c %s input)" -gt 5000000

# Its second thread begins when the first one is busy, which is a matter of time.
with xz "xz -T2" 2 xz -T2 -1 --block-size=1MiB -c input
with pbzip2 "pbzip2" 4 pbzip2 -p2 -1 -b5 -c -k input
with sort "sort --parallel=2" 2 sort --parallel=2 input
with zstd "zstd -T2" 3 zstd -T2 -B1MiB -c input

with g++ "C++ threads" 8 "$B/targets/cxx_sync" 30
if [ -x "$B/targets/rust_sync" ]; then
	controlled "Rust std::sync" 8 "$B/targets/rust_sync" 50
else
	skip "Rust std::sync" "no working rustc"
fi
with /usr/bin/python3 "Python threads" 8 /usr/bin/python3 "$ROOT/tests/targets/py_threads.py" 200

cat >script.sql <<'SQL'
PRAGMA threads = 2;
CREATE TABLE entry (id INTEGER PRIMARY KEY, amount INTEGER, words TEXT);
BEGIN;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
	INSERT INTO entry SELECT i, (i * 7919) % 10007, 'entry ' || i FROM n;
COMMIT;
CREATE INDEX by_amount ON entry (amount);
SELECT count(*), sum(amount), min(words) FROM entry WHERE amount BETWEEN 100 AND 900;
SELECT amount % 10 AS digit, count(*) FROM entry GROUP BY digit ORDER BY digit;
DELETE FROM entry WHERE amount > 5000;
SELECT words FROM entry ORDER BY words DESC LIMIT 5;
SQL
with sqlite3 "sqlite3" 1 sqlite3 -bail -init /dev/null :memory: ".read script.sql"

# With threads of their own that nobody thinks of.
if have git; then
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	git init -q repository
	for ((i = 1; i <= 60; i++)); do
		seq $i 2000 >"repository/file$i"
	done
	git -C repository add .
	git -C repository -c user.name=test -c user.email=test@example.org commit -q -m files
	controlled "git grep" 3 git -C repository grep --threads=2 -c 77
	# Not pack-objects: its threads steal work from each other, and the pack tells who won.
	git -C repository pack-objects --all --stdout -q >all.pack
	controlled "git index-pack" 3 git -C repository index-pack --threads=2 "$T/all.pack"
else
	skip "git grep" "no git"
	skip "git index-pack" "no git"
fi
if have perl && perl -Mthreads -e 1 2>/dev/null; then
	cat >count.pl <<'PERL'
use threads;
use threads::shared;
my $count :shared = 0;
my @threads = map {
	threads->create(sub { for (1 .. 20) { lock $count; $count++; } })
} 1 .. 3;
$_->join for @threads;
print "$count\n";
PERL
	controlled "Perl threads" 4 perl count.pl
else
	skip "Perl threads" "no perl with threads"
fi
with gdb "gdb" 2 gdb -nx -batch -ex 'maint set worker-threads 2' -ex 'info line main' "$FR"

# A server until SHUTDOWN, with clients that nobody controls. Its replay would need what they sent.
# redis STRATEGY...
redis() {
	local way="redis-server, $1" server pong tries=0
	mkdir -p redis.d
	"$FR" record -o redis.zst --strategy "$@" -- redis-server --port "$port" --bind 127.0.0.1 \
		--save '' --appendonly no --daemonize no --dir "$T/redis.d" --io-threads 2 \
		>server.out 2>server.err </dev/null &
	server=$!
	while pong=$(redis-cli -p "$port" ping 2>/dev/null); [ "$pong" != PONG ]; do
		tries=$((tries + 1))
		[ $tries -lt 5000 ] && kill -0 $server 2>/dev/null || break
	done
	is "$way: answers" "$pong" PONG
	client() {
		timeout "$LIMIT" redis-cli -p "$port" "$@" 2>&1
	}
	is "$way: set" "$(client set balance 41)" OK
	is "$way: incr" "$(client incr balance)" 42
	is "$way: a thousand commands" \
		"$(for ((i = 0; i < 1000; i++)); do echo "rpush list $i"; done | client | tail -n 1)" 1000
	is "$way: a blocking command that another client ends" \
		"$({ client blpop queue 0 & client rpush queue job >/dev/null; wait $!; } | xargs)" "queue job"
	is "$way: shutdown" "$(client shutdown nosave)" ""
	wait $server
	is "$way: status" $? 0
	is "$way: outcome" "$(info redis.zst verdict) $(info redis.zst complete)" "exit true"
	like "$way: it went by the book" "$(cat server.out)" 'is now ready to exit'
	ok "$way: its threads are in the trace" test "$(info redis.zst lanes)" -ge 4
}
if have redis-server && have redis-cli && have python3; then
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	redis natural
	redis random --seed 5
else
	skip "redis-server" "no redis-server, redis-cli or python3"
fi

done_testing
