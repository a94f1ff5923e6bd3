"""lru_cache_twice, put right: a lock is held around the look and the call."""

import functools
import threading


class Server:
    def __init__(self):
        self.opened = []
        self.lock = threading.Lock()

    def connection(self, host):
        with self.lock:
            return self.open(host)

    @functools.lru_cache(maxsize=None)
    def open(self, host):
        self.opened.append(host)
        return f"connection {len(self.opened)} to {host}"


def main():
    server = Server()
    threads = [threading.Thread(target=server.connection, args=("db",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Server.open.cache_clear()
    assert server.opened == ["db"], f"{len(server.opened)} connections opened"


if __name__ == "__main__":
    main()
