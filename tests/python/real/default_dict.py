"""collections.defaultdict and Counter, filled by two threads.

python:  the factory is a function of Python: two objects for one key, what one thread counted is lost
         (gil: on)
counter: Counter()[key] += 1: a key that is not there is asked of Counter.__missing__, which is Python: lost
         (gil: on, --include collections)
builtin: the factory is list, append is one call: never fails
"""

import sys
import threading
from collections import Counter, defaultdict


class Stats:
    def __init__(self):
        self.seen = []


def main(variant):
    if variant == "python":
        table = defaultdict(lambda: Stats())
        body = lambda: table["get"].seen.append(1)
        count = lambda: len(table["get"].seen)
    elif variant == "counter":
        table = Counter()

        def body():
            table["get"] += 1

        count = lambda: table["get"]
    else:
        table = defaultdict(list)
        body = lambda: table["get"].append(1)
        count = lambda: len(table["get"])
    threads = [threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count() == 2, "counted %d of 2" % count()


if __name__ == "__main__":
    main(sys.argv[1])
