"""collections.OrderedDict as an LRU cache of one's own.

pop:     get pops the value and puts it back: the other thread does not find it: KeyError (gil: on, pop is
         a call)
iterate: one thread walks over it while the other stores: mutated during iteration (gil: on)
locked:  never fails
"""

import contextlib
import sys
import threading
from collections import OrderedDict


class LRU:
    def __init__(self, size, lock):
        self.data = OrderedDict()
        self.size = size
        self.lock = lock

    def get(self, key):
        with self.lock:
            value = self.data.pop(key)
            self.data[key] = value
            return value

    def put(self, key, value):
        with self.lock:
            self.data[key] = value
            while len(self.data) > self.size:
                self.data.popitem(last=False)

    def keys(self):
        with self.lock:
            return [key for key in self.data]


def main(variant):
    cache = LRU(3, threading.Lock() if variant == "locked" else contextlib.nullcontext())
    for i in range(3):
        cache.put(i, str(i))
    bodies = {
        "pop": (lambda: cache.get(1), lambda: cache.get(1)),
        "iterate": (cache.keys, lambda: cache.put(7, "7")),
        "locked": (lambda: cache.get(1), lambda: [cache.get(1), cache.keys()]),
    }
    threads = [threading.Thread(target=body) for body in bodies[variant]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache.keys()) == 3


if __name__ == "__main__":
    main(sys.argv[1])
