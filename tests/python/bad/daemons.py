"""Threads that never end: daemons which wait, sleep and compute when the main thread leaves."""

import queue
import threading
import time

begun = threading.Barrier(4)
total = [0]


def waits():
    begun.wait()
    queue.Queue().get()


def sleeps():
    begun.wait()
    while True:
        time.sleep(0.5)


def counts():
    begun.wait()
    while True:
        total[0] += 1


for body in waits, sleeps, counts:
    threading.Thread(target=body, daemon=True).start()
begun.wait()
print("main leaves")
