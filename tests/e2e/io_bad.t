#!/bin/bash
# Input that goes wrong, and programs that go about it in odd ways: recorded, and replayed with nothing of
# it there; or refused in one clear sentence. Nothing hangs.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/io_lib.sh"

prepare
seq 1000 >input/lines

# A server that sends a few bytes at a time to whoever comes, then resets the connection.
cat >dying.py <<'PY'
import socket, struct, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        peer, _ = listener.accept()
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for size in (1, 10, 500, 3):
                peer.sendall(b"x" * size)
                time.sleep(0.01)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        peer.close()
PY
port=$(free_port)
"$PYTHON3" dying.py "$port" &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
	pause
done
kept interrupted 0 3 "$B/io/interrupted" "$port"
kill $server
wait $server 2>/dev/null

for way in passed over closed; do
	kept "descriptors-$way" 0 3 "$B/io/descriptors" $way "$T/input/lines"
done
kept sigsys 0 3 "$B/io/sigsys" "$T/input/lines"
kept io_uring 0 1 "$B/io/io_uring" "$T/input/lines"
like "io_uring: there is none" "$(cat io_uring-natural.out)" 'io_uring: Function not implemented'
like "io_uring: it is said" "$(cat io_uring-natural.err)" '^frontrun: .*io_uring'

static='int main(void) { return write(1, "static\n", 7) != 7; }'
if echo "#include <unistd.h>
$static" | ${CC:-gcc} -static -x c - -o static 2>/dev/null; then
	user='id -un'
	have su && user='su -s /bin/sh nobody -c "id -un"'
	[ "$(id -u)" -eq 0 ] || user='id -un'
	kept children 0 3 "$B/io/children" "$T/static" "$user"
	like "children: the static one" "$(cat children-natural.out)" '^status 0: static'
else
	skip "children" "no static libc"
fi
replay_without 5

# 2 GB, most of them a hole: neither in the trace nor in memory, and still compared.
truncate -s 2G big
echo end >>big
TIMEFORMAT=%R
kib=$( { "$PYTHON3" -c '
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$FR" record -o big.zst -- "$B/io/big_file" "$T/big" >big.out 2>big.err; } 2>&1; tail -1 big.out)
like "2 GB: read to the end" "$(head -1 big.out)" '^2147483652 bytes'
ok "2 GB: at most 200 MB of memory" test "$kib" -lt 200000
ok "2 GB: the trace is small" test "$(stat -c %s big.zst)" -lt 1000000
fr replay big.zst
is "2 GB: status of the replay" "$status" 0
like "2 GB: the replay is identical" "$err" '^frontrun: replayed .*, identical;'
is "2 GB: its output" "$out" "$(head -1 big.out)"
printf x | dd of=big bs=1 seek=1000000000 conv=notrunc status=none
fr replay big.zst
is "2 GB, changed: status" "$status" 125
like "2 GB, changed: it is said" "$err" 'big.*(changed|is not what)'
rm big
fr replay big.zst
is "2 GB, gone: status" "$status" 125
like "2 GB, gone: it is said" "$err" '^frontrun: .*big'
done_testing
