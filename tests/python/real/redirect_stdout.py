"""contextlib.redirect_stdout in two threads, to catch what a library prints.

global: it swaps sys.stdout for the whole process: what one prints lands with the other, and sys.stdout may
        stay redirected (gil: on)
locked: one at a time; never fails
"""

import contextlib
import io
import sys
import threading


def main(variant):
    lock = threading.Lock() if variant == "locked" else contextlib.nullcontext()
    before = sys.stdout
    caught = {}

    def run(name):
        text = io.StringIO()
        with lock, contextlib.redirect_stdout(text):
            print("hello from", name)
        caught[name] = text.getvalue()

    threads = [threading.Thread(target=run, args=(name,)) for name in ("ada", "grace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after, sys.stdout = sys.stdout, before
    assert after is before, "sys.stdout is still redirected"
    assert caught == {"ada": "hello from ada\n", "grace": "hello from grace\n"}, caught


if __name__ == "__main__":
    main(sys.argv[1])
