"""abba_with, put right: one lock for both ledgers."""

import threading

ledgers_lock = threading.Lock()


class Ledger:
    def __init__(self):
        self.total = 0


def transfer(source, target, amount):
    with ledgers_lock:
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
