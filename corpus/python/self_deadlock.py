"""A full buffer flushes itself, with a lock held that flush() takes. As long as everybody flushes
in time the buffer is never full."""

import threading


class Buffer:
    LIMIT = 2

    def __init__(self):
        self.lock = threading.Lock()
        self.pending = []
        self.written = []

    def add(self, record):
        with self.lock:
            self.pending.append(record)
            if len(self.pending) >= self.LIMIT:
                self.flush()

    def flush(self):
        with self.lock:
            self.written.extend(self.pending)
            self.pending.clear()


def worker(buffer, record):
    buffer.add(record)
    buffer.flush()


def main():
    buffer = Buffer()
    threads = [threading.Thread(target=worker, args=(buffer, name)) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(buffer.written) == ["ann", "bob"]


if __name__ == "__main__":
    main()
