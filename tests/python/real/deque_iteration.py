"""collections.deque of recent events: appended by one thread, shown by another.

live:   `sum(... for event in recent)`: deque mutated during iteration (gil: on)
copy:   list(recent) is one call; never fails
"""

import sys
import threading
from collections import deque


def main(variant):
    recent = deque([1, 2, 3], maxlen=4)
    totals = []

    def show():
        totals.append(sum(event for event in (list(recent) if variant == "copy" else recent)))

    def add():
        recent.append(10)
        recent.append(20)

    threads = [threading.Thread(target=body) for body in (show, add)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals[0] in (6, 16, 35), totals


if __name__ == "__main__":
    main(sys.argv[1])
