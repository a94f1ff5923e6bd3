"""weakref.WeakSet of listeners: one thread tells all of them, another one registers.

live: iterates over the set: `Set changed size during iteration` (gil: on)
copy: iterates over a copy, and so does the copy: the same (gil: on, --include _weakrefset)
lock: both under a lock; never fails
"""

import contextlib
import sys
import threading
import weakref


class Listener:
    def __init__(self):
        self.told = 0

    def tell(self):
        self.told += 1


def main(variant):
    kept = [Listener() for _ in range(3)]
    listeners = weakref.WeakSet(kept)
    lock = threading.Lock() if variant == "lock" else contextlib.nullcontext()

    def tell_all():
        with lock:
            for listener in list(listeners) if variant == "copy" else listeners:
                listener.tell()

    def register():
        listener = Listener()
        kept.append(listener)
        with lock:
            listeners.add(listener)

    threads = [threading.Thread(target=body) for body in (tell_all, register)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [listener.told for listener in kept[:3]] == [1, 1, 1]


if __name__ == "__main__":
    main(sys.argv[1])
