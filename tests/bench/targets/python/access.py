"""What one access to an attribute costs: access.py LIBRARY shared|private ROUNDS FILE

A second thread is there, blocked on a lock, and has written to the shared object before. Appends the
nanoseconds of CPU time that the thread took for each of ROUNDS * 20 loads and stores to FILE.
"""

import ctypes
import sys
import threading


class Box:
    def __init__(self):
        self.value = 1


def accesses(box, rounds):
    for _ in range(rounds):
        box.value = box.value
        box.value = box.value
        box.value = box.value
        box.value = box.value
        box.value = box.value
        box.value = box.value
        box.value = box.value
        box.value = box.value
        box.value = box.value
        box.value = box.value


def other(box, here, held):
    box.value = 2
    here.release()
    held.acquire()


def main():
    clock = ctypes.PyDLL(sys.argv[1]).thread_nanoseconds
    clock.restype = ctypes.c_double
    shared, here, held = Box(), threading.Lock(), threading.Lock()
    measured = shared if sys.argv[2] == "shared" else Box()
    rounds = int(sys.argv[3])
    here.acquire()
    held.acquire()
    thread = threading.Thread(target=other, args=(shared, here, held))
    thread.start()
    here.acquire()
    accesses(measured, 100)
    begin = clock()
    accesses(measured, rounds)
    nanoseconds = (clock() - begin) / (rounds * 20)
    held.release()
    thread.join()
    with open(sys.argv[4], "a", encoding="ascii") as file:
        file.write(f"{nanoseconds}\n")


if __name__ == "__main__":
    main()
