"""dining_cycle, put right: the fork with the lower number comes first."""

import threading

SEATS = 3


class Table:
    def __init__(self):
        self.forks = [threading.Lock() for _ in range(SEATS)]
        self.meals = [0] * SEATS

    def dine(self, seat):
        left, right = (self.forks[i] for i in sorted((seat, (seat + 1) % SEATS)))
        left.acquire()
        right.acquire()
        self.meals[seat] += 1
        right.release()
        left.release()


def main():
    table = Table()
    threads = [threading.Thread(target=table.dine, args=(seat,)) for seat in range(SEATS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert table.meals == [1] * SEATS


if __name__ == "__main__":
    main()
