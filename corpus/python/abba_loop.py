"""As abba_with, but each transfer is made twice. No switch comes between the two acquisitions of a
round; but who waits for a lock that the other has not yet left holds one already."""

import threading

TIMES = 2


class Ledger:
    def __init__(self):
        self.total = 0
        self.lock = threading.Lock()


def transfer(source, target, amount):
    for _ in range(TIMES):
        with source.lock:
            with target.lock:
                source.total -= amount
                target.total += amount


def main():
    wages, rent = Ledger(), Ledger()
    threads = [
        threading.Thread(target=transfer, args=(wages, rent, 10)),
        threading.Thread(target=transfer, args=(rent, wages, 10)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wages.total == rent.total == 0


if __name__ == "__main__":
    main()
