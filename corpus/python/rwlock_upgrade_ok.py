"""rwlock_upgrade, put right: a reader stops reading before it waits to write."""

import threading


class ReadWriteLock:
    def __init__(self):
        self.changed = threading.Condition()
        self.readers = 0

    def acquire_read(self):
        with self.changed:
            self.readers += 1

    def release_read(self):
        with self.changed:
            self.readers -= 1
            self.changed.notify_all()

    def upgraded(self, write):
        with self.changed:
            self.readers -= 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.readers == 0)
            write()
            self.readers += 1


class Cache:
    def __init__(self):
        self.lock = ReadWriteLock()
        self.value = None

    def fill(self):
        self.value = 42

    def get(self):
        self.lock.acquire_read()
        if self.value is None:
            self.lock.upgraded(self.fill)
        self.lock.release_read()
        return self.value


def main():
    cache = Cache()
    threads = [threading.Thread(target=cache.get) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get() == 42


if __name__ == "__main__":
    main()
