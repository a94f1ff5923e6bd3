"""Three small cases, as a program for us and as functions for the explorer of another package.

  cases.py counter|bank|deadlock    two threads, each with its worker; then the invariant
"""

import sys
import threading


class Counter:
    """Correct: what there is to explore is the order of two critical sections."""

    def __init__(self):
        self.lock = threading.Lock()
        self.value = 0

    def increment(self):
        with self.lock:
            self.value += 1

    workers = (increment, increment)

    def holds(self):
        return self.value == 2


class Bank:
    """Transfers in both directions, without a lock."""

    def __init__(self):
        self.a = self.b = 100

    def there(self):
        self.a -= 10
        self.b += 10

    def back(self):
        self.b -= 10
        self.a += 10

    workers = (there, back)

    def holds(self):
        return self.a + self.b == 200


class Deadlock:
    """Two locks in opposite orders."""

    def __init__(self):
        self.a, self.b = threading.Lock(), threading.Lock()
        self.done = 0

    def there(self):
        with self.a:
            with self.b:
                self.done += 1

    def back(self):
        with self.b:
            with self.a:
                self.done += 1

    workers = (there, back)

    def holds(self):
        return self.done == 2


CASES = {"counter": Counter, "bank": Bank, "deadlock": Deadlock}


def main():
    case = CASES[sys.argv[1]]()
    threads = [threading.Thread(target=worker, args=(case,)) for worker in case.workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert case.holds()


if __name__ == "__main__":
    main()
