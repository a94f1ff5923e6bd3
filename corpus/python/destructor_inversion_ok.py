"""destructor_inversion, put right: the connection outlives the lock of the pool."""

import threading


class Connection:
    def __init__(self, pool):
        self.pool = pool

    def __del__(self):
        self.pool.count_closed()


class Pool:
    def __init__(self):
        self.lock = threading.Lock()
        self.stats_lock = threading.Lock()
        self.closed = 0
        self.idle = [Connection(self)]

    def count_closed(self):
        with self.stats_lock:
            self.closed += 1

    def drop(self):
        with self.lock:
            connection = self.idle.pop()
        del connection

    def count_idle(self):
        with self.lock:
            return len(self.idle)

    def report(self):
        with self.stats_lock:
            return self.count_idle(), self.closed


def main():
    pool = Pool()
    threads = [threading.Thread(target=pool.drop), threading.Thread(target=pool.report)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pool.report() == (0, 1)


if __name__ == "__main__":
    main()
