"""@cachetools.cached on a function that is expensive: how often is it called for one argument?

plain: without lock: twice, when two threads ask at once (gil: on)
locked: with lock=: still twice, as the lock is not held while the function runs (5.2; gil: on)
agree: with lock=, and only asks that all callers get one and the same object: never fails
"""

import sys
import threading

import cachetools


def main(variant):
    calls = []
    lock = None if variant == "plain" else threading.Lock()

    @cachetools.cached(cachetools.LRUCache(maxsize=4), lock=lock)
    def report(month):
        calls.append(month)
        return ["report", month]

    got = []
    threads = [threading.Thread(target=lambda: got.append(report(7))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if variant == "agree":
        assert got[0] is got[1], "two callers have two reports"
    else:
        assert len(calls) == 1, "computed %d times" % len(calls)


if __name__ == "__main__":
    main(sys.argv[1])
