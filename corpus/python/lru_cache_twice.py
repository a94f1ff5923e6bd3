"""functools.lru_cache does not lock: two threads that miss both call the function."""

import functools
import threading


class Server:
    def __init__(self):
        self.opened = []

    @functools.lru_cache(maxsize=None)
    def connection(self, host):
        self.opened.append(host)
        return f"connection {len(self.opened)} to {host}"


def main():
    server = Server()
    threads = [threading.Thread(target=server.connection, args=("db",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Server.connection.cache_clear()
    assert server.opened == ["db"], f"{len(server.opened)} connections opened"


if __name__ == "__main__":
    main()
