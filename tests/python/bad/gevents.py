"""gevent: its loop, its pool of native threads, and the standard library patched to use it."""

import gevent.monkey

gevent.monkey.patch_all()

import threading
import time

import gevent

total = []


def body(i):
    time.sleep(0.01 * i)
    total.append(i)


threads = [threading.Thread(target=body, args=(i,)) for i in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert total == [0, 1, 2], total
pool = gevent.get_hub().threadpool
jobs = [pool.spawn(pow, 2, i) for i in range(4)]
assert [job.get() for job in jobs] == [1, 2, 4, 8]
print("gevent")
