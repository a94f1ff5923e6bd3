"""Three philosophers take the left fork and then the right one: each holds one and waits for the
next."""

import threading

SEATS = 3


class Table:
    def __init__(self):
        self.forks = [threading.Lock() for _ in range(SEATS)]
        self.meals = [0] * SEATS

    def dine(self, seat):
        left, right = self.forks[seat], self.forks[(seat + 1) % SEATS]
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
