"""The size of a connection pool is tested before a connection is made: two are made where one was
allowed."""

import threading


class Pool:
    def __init__(self, limit):
        self.limit = limit
        self.connections = []

    def connect(self):
        return object()

    def check_out(self):
        if len(self.connections) < self.limit:
            self.connections.append(self.connect())


def main():
    pool = Pool(limit=1)
    threads = [threading.Thread(target=pool.check_out) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pool.connections) == 1, f"{len(pool.connections)} connections, the limit is 1"


if __name__ == "__main__":
    main()
