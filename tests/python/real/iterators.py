"""itertools objects and other iterators that threads share.

count: next(itertools.count()) is one call in C; never fails
tee:   the two halves of a tee over a generator, one for each thread: `generator already executing`
       (gil: on)
zip:   two threads take from one zip of generators: the same error (gil: on)
lock:  an iterator that takes a lock around next(); never fails
"""

import itertools
import sys
import threading


class Locked:
    def __init__(self, iterator):
        self.iterator = iterator
        self.lock = threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            return next(self.iterator)


def main(variant):
    def row(number):
        return number

    def rows():
        for number in range(3):
            yield row(number)

    if variant == "count":
        numbers = itertools.count()
        sources = [itertools.islice(numbers, 3)] * 2
        expected = [0, 1, 2]
    elif variant == "tee":
        sources = itertools.tee(rows())
        expected = [0, 0, 1, 1, 2, 2]
    elif variant == "zip":
        sources = [zip(rows(), rows())] * 2
        expected = [(0, 0), (1, 1), (2, 2)]
    else:
        sources = [Locked(rows())] * 2
        expected = [0, 1, 2]
    got = []

    def take(source):
        for item in source:
            got.append(item)

    threads = [threading.Thread(target=take, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == expected, got


if __name__ == "__main__":
    main(sys.argv[1])
