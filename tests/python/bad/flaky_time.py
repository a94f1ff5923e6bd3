"""Fails or passes by the time of day, whatever the threads do: one and the same in a replay."""

import sys
import threading
import time

parity = []


def body():
    parity.append(time.time_ns() // 1000 % 2)


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(parity, time.time(), time.strftime("%S"))
sys.exit(sum(parity) == 2)
