"""pool_overdrawn, put right: test and connection hold a lock."""

import threading


class Pool:
    def __init__(self, limit):
        self.limit = limit
        self.connections = []
        self.lock = threading.Lock()

    def connect(self):
        return object()

    def check_out(self):
        with self.lock:
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
