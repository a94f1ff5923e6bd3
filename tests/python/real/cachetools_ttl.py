"""cachetools.TTLCache as a store of sessions: one thread adds, one looks and cleans up.

plain:  no lock: both expire the same entry, KeyError in expire (gil: on)
locked: never fails
"""

import contextlib
import sys
import threading
import time

import cachetools


def main(variant):
    sessions = cachetools.TTLCache(maxsize=8, ttl=0.01)
    lock = threading.Lock() if variant == "locked" else contextlib.nullcontext()
    for i in range(4):
        sessions["early %d" % i] = i

    def log_in():
        time.sleep(0.01)
        with lock:
            sessions["late"] = 9

    def clean_up():
        time.sleep(0.01)
        with lock:
            sessions.expire()

    threads = [threading.Thread(target=body) for body in (log_in, clean_up)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sessions) <= 1


if __name__ == "__main__":
    main(sys.argv[1])
