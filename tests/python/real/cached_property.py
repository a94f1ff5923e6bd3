"""functools.cached_property of an object that two threads use.

once:  the property is computed once: true in 3.11, which has a lock; computed twice from 3.12 on, which has
       none (gil: on)
agree: the value is a function of the object, all get an equal one; never fails
"""

import functools
import sys
import threading


class Report:
    def __init__(self, rows):
        self.rows = rows
        self.queries = []

    @functools.cached_property
    def total(self):
        self.queries.append("select sum")
        return sum(self.rows)


def main(variant):
    report = Report([1, 2, 3])
    got = []
    threads = [threading.Thread(target=lambda: got.append(report.total)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [6, 6], got
    if variant == "once":
        assert len(report.queries) == 1, "computed %d times" % len(report.queries)


if __name__ == "__main__":
    main(sys.argv[1])
