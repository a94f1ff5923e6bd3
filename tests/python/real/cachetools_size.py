"""cachetools.Cache with sizes: what it holds must be what it says it holds, and no more than it may.

plain:  no lock: the bound is checked, then the entry is stored, then the size is added; two threads that
        store at once exceed the bound, or one of the two sizes is lost (gil: off, nothing is called
        between the check and the end)
ones:   the same without a function for sizes: a method that keeps sizes of 1 is called before the sum is
        brought up to date, so that the bound is exceeded (gil: on)
locked: never fails
"""

import contextlib
import sys
import threading

import cachetools


def main(variant):
    bound = 1 if variant == "ones" else 10
    cache = cachetools.Cache(bound, None if variant == "ones" else len)
    lock = threading.Lock() if variant == "locked" else contextlib.nullcontext()

    def store(key, value):
        with lock:
            cache[key] = value

    threads = [threading.Thread(target=store, args=(i, "x" * size)) for i, size in ((1, 6), (2, 7))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = sum(cache.getsizeof(value) for value in cache.values())
    assert held <= bound, "%d in a cache for %d" % (held, bound)
    assert cache.currsize == held, "the cache says %d, it holds %d" % (cache.currsize, held)


if __name__ == "__main__":
    main(sys.argv[1])
