"""An ordinary threaded Python program with work to do and no sleeps: worker threads that take
pieces from a queue and count words into a dictionary under a lock, then a ThreadPoolExecutor that
hashes the results. Prints a checksum that does not depend on the schedule. The argument is the
number of pieces, default 300."""

import hashlib
import queue
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

WORKERS = 2
pieces = int(sys.argv[1]) if len(sys.argv) > 1 else 300
words = ["word%d" % (i * 7919 % 2000) for i in range(2000)]
todo = queue.Queue(64)
lock = threading.Lock()
counts = {}


def count_piece(seed):
    here = {}
    for _ in range(4000):
        seed = (seed * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1
        word = words[(seed >> 33) % len(words)]
        here[word] = here.get(word, 0) + 1
    with lock:
        for word, n in here.items():
            counts[word] = counts.get(word, 0) + n


def work():
    while (piece := todo.get()) is not None:
        count_piece(piece)


threads = [threading.Thread(target=work) for _ in range(WORKERS)]
for thread in threads:
    thread.start()
for piece in range(pieces):
    todo.put(piece)
for _ in threads:
    todo.put(None)
for thread in threads:
    thread.join()
with ThreadPoolExecutor(WORKERS) as pool:
    digests = pool.map(lambda item: hashlib.sha256(repr(item).encode()).digest()[0],
                       sorted(counts.items()))
print(sum(counts.values()), sum(digests))
