"""The cost of code that is not watched: excluded.py LIBRARY calls|loops SIZE

A second thread is there, blocked on a lock. Prints the CPU time that the thread took, in seconds.
"""

import ctypes
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "outside"))
import library  # pylint: disable=wrong-import-position


def other(here, held):
    here.release()
    held.acquire()


def main():
    clock = ctypes.PyDLL(sys.argv[1]).thread_nanoseconds
    clock.restype = ctypes.c_double
    here, held = threading.Lock(), threading.Lock()
    here.acquire()
    held.acquire()
    thread = threading.Thread(target=other, args=(here, held))
    thread.start()
    here.acquire()
    work, size = getattr(library, sys.argv[2]), int(sys.argv[3])
    work(100)
    begin = clock()
    work(size)
    seconds = (clock() - begin) / 1e9
    held.release()
    thread.join()
    print(seconds)


if __name__ == "__main__":
    main()
