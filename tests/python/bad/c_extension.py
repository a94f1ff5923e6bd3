"""Threads that an extension module makes in C: the first pthread_create comes without the GIL, and
Python is called in threads that the threading module has not made. c_threads.so is built by the test."""

import sys
import threading

import c_threads

lock = threading.Lock()
seen = []
total = [0]


def callback():
    with lock:
        seen.append(type(threading.current_thread()).__name__)
        total[0] += 1


def lose():
    value = len(seen)
    callback()
    total[0] = value + 1


if sys.argv[1:] == ["racy"]:
    c_threads.run(lose, 2)
    assert total[0] == 2, total
else:
    c_threads.run(callback, 3)
    thread = threading.Thread(target=callback)
    thread.start()
    thread.join()
    assert total[0] == 4, total
print("called from C")
