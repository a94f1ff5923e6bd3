"""Two threads that write lines with os.write: their order in the output is the schedule's."""

import os
import threading

LINES = 12


def write(name, barrier):
    barrier.wait()
    for i in range(LINES):
        os.write(1, f"{name}{i}\n".encode())


def main():
    barrier = threading.Barrier(2)
    threads = [threading.Thread(target=write, args=(name, barrier)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
