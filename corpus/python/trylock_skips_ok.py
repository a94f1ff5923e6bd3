"""trylock_skips, put right: the visitor waits for the lock."""

import threading


class Statistics:
    def __init__(self):
        self.lock = threading.Lock()
        self.visitors = []

    def add(self, name):
        self.visitors.append(name)

    def visit(self, name):
        with self.lock:
            self.add(name)


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
