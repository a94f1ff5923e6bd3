"""A process is forked while a thread holds a lock. The child has the locked lock, and not the
thread."""

import os
import threading


class Cache:
    def __init__(self):
        self.lock = threading.Lock()
        self.entries = {}

    def store(self, key, value):
        self.entries[key] = value

    def put(self, key, value):
        with self.lock:
            self.store(key, value)


def main():
    cache = Cache()
    worker = threading.Thread(target=cache.put, args=("greeting", "hello"))
    worker.start()
    child = os.fork()
    if child == 0:
        cache.put("forked", True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    worker.join()
    assert status == 0


if __name__ == "__main__":
    main()
