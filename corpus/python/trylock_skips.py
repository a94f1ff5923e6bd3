"""A visitor is counted only when the lock is free: who finds it taken is forgotten."""

import threading


class Statistics:
    def __init__(self):
        self.lock = threading.Lock()
        self.visitors = []

    def add(self, name):
        self.visitors.append(name)

    def visit(self, name):
        if self.lock.acquire(blocking=False):
            try:
                self.add(name)
            finally:
                self.lock.release()


def main():
    statistics = Statistics()
    threads = [threading.Thread(target=statistics.visit, args=(name,)) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statistics.visitors) == ["ann", "bob"], f"counted: {statistics.visitors}"


if __name__ == "__main__":
    main()
