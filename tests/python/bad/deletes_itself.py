"""The program deletes its own file, then goes on in threads: no source to show at the failure."""

import os
import sys
import threading

os.unlink(sys.argv[1])
total = [0]


def body():
    total[0] += 1
    if len(sys.argv) > 2:
        raise RuntimeError("where is my source?")


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("gone", os.path.exists(sys.argv[1]))
