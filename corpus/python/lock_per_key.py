"""Locks are made one for each key when first needed; two threads get different locks for one
key."""

import threading


class KeyLocks:
    def __init__(self):
        self._locks = {}

    def get(self, key):
        if key not in self._locks:
            self._locks[key] = threading.Lock()
        return self._locks[key]


def worker(key_locks, got):
    got.append(key_locks.get("invoice-17"))


def main():
    key_locks = KeyLocks()
    got = []
    threads = [threading.Thread(target=worker, args=(key_locks, got)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got[0] is got[1], "two locks for one key"


if __name__ == "__main__":
    main()
