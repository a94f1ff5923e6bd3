"""barrier_reuse, put right: each lap has a number."""

import queue
import threading


class Barrier:
    def __init__(self, parties):
        self.parties = parties
        self.waiting = 0
        self.lap = 0
        self.changed = threading.Condition()

    def wait(self):
        with self.changed:
            lap = self.lap
            self.waiting += 1
            if self.waiting == self.parties:
                self.waiting = 0
                self.lap += 1
                self.changed.notify_all()
            else:
                self.changed.wait_for(lambda: self.lap != lap)


def simulate(rank, barrier, borders):
    barrier.wait()
    if rank == 0:
        borders.put("border of rank 0")
    else:
        borders.get()
    barrier.wait()


def main():
    barrier = Barrier(2)
    borders = queue.Queue()
    threads = [threading.Thread(target=simulate, args=(i, barrier, borders)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
