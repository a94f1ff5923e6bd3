"""functools.lru_cache as a way to make a singleton.

once:  the function runs twice, and the two callers have two objects (gil: on)
stats: hits + misses is the number of calls, and the cache keeps its bound; never fails
"""

import functools
import sys
import threading


class Client:
    pass


def main(variant):
    @functools.lru_cache(maxsize=2)
    def client(host):
        return make(host)

    def make(host):
        return Client()

    got = []

    def request(hosts):
        for host in hosts:
            got.append((host, client(host)))

    hosts = ("a",) if variant == "once" else ("a", "b", "c")
    threads = [threading.Thread(target=request, args=(hosts,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    info = client.cache_info()
    assert info.hits + info.misses == 2 * len(hosts) and info.currsize <= 2, info
    if variant == "once":
        assert got[0][1] is got[1][1], "two clients for one host"


if __name__ == "__main__":
    main(sys.argv[1])
