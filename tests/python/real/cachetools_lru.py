"""cachetools.LRUCache behind a function that several threads call, as in a web service.

plain:  no lock, as the cache is: two threads evict the same key, KeyError in popitem, pop, __delitem__
        or __getitem__ (gil: on, it is all Python)
locked: the lock that its documentation asks for; never fails
"""

import contextlib
import sys
import threading

import cachetools


def main(variant):
    cache = cachetools.LRUCache(maxsize=2)
    lock = threading.Lock() if variant == "locked" else contextlib.nullcontext()

    def profile(user):
        with lock:
            if user not in cache:
                cache[user] = "profile of %d" % user
            return cache.get(user)

    def requests(users):
        for user in users:
            assert profile(user) in (None, "profile of %d" % user)

    threads = [threading.Thread(target=requests, args=(users,)) for users in ([1, 2, 3], [4, 5, 1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) <= 2, "%d entries in a cache for 2" % len(cache)


if __name__ == "__main__":
    main(sys.argv[1])
