"""cachetools.Cache with sizes: what it holds must be what it says it holds, and no more than it may.

plain:  no lock: the bound is checked, then the entry is stored, then the size is added; two threads that
        store at once exceed the bound (gil: on: the size is asked of a method in between), or one of the
        two sizes is lost (`self.__currsize += diffsize`; gil: off)
locked: never fails
"""

import contextlib
import sys
import threading

import cachetools


def main(variant):
    cache = cachetools.Cache(maxsize=10, getsizeof=len)
    lock = threading.Lock() if variant == "locked" else contextlib.nullcontext()

    def store(key, value):
        with lock:
            cache[key] = value

    threads = [threading.Thread(target=store, args=(i, "x" * size)) for i, size in ((1, 6), (2, 7))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = sum(len(value) for value in cache.values())
    assert held <= 10, "%d in a cache for 10" % held
    assert cache.currsize == held, "the cache says %d, it holds %d" % (cache.currsize, held)


if __name__ == "__main__":
    main(sys.argv[1])
