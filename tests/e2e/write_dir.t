#!/bin/bash
# replay --write-dir: the files that the program writes, in a place of their own and nowhere else.
. "$(dirname "$0")/../lib.sh"

cat >"$T/writer.py" <<'PROGRAM'
import os
import threading

os.mkdir("made")


def work(n):
    with open(f"made/{n}.tmp", "w") as out:
        out.write(f"thread {n}\n" * 1000)
        out.seek(0)
        out.write("THREAD")
    os.replace(f"made/{n}.tmp", os.getcwd() + f"/made/../made/{n}.txt")


threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with open("made/log", "a") as log:
    log.write("one\n")
with open("made/log", "a") as log:
    log.write("two\n")
os.unlink("made/0.txt")
PROGRAM

mkdir "$T/here"
cd "$T/here" || exit 1
fr record -o "$T/w.zst" --strategy random --seed 1 /usr/bin/python3 "$T/writer.py"
is "record" "$status" 0
mv made "$T/recorded"
fr replay --write-dir "$T/kept" "$T/w.zst"
is "replay" "$status" 0
like "... is identical" "$err" identical
ok "nothing is written where it was" test ! -e made
ok "the files are those of the recording" diff -r "$T/recorded" "$T/kept$T/here/made"
fr replay "$T/w.zst"
ok "without the option nothing is written" test ! -e made
fr replay --write-dir "$T/kept" --live "$T/w.zst"
is "with --live: usage" "$status" 125
like "... says why" "$err" 'write-dir needs a replay without the outside'
ok "... and does not run" test ! -e made
done_testing
