"""counter_property, put right: a deposit holds the lock of the account."""

import threading

ROUNDS = 1


class Account:
    def __init__(self):
        self._balance = 0
        self._lock = threading.Lock()

    @property
    def balance(self):
        return self._balance

    @balance.setter
    def balance(self, amount):
        self._balance = amount

    def deposit(self, amount):
        for _ in range(ROUNDS):
            with self._lock:
                self.balance += amount


def main():
    account = Account()
    threads = [threading.Thread(target=account.deposit, args=(10,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.balance == 20 * ROUNDS, f"balance {account.balance}, expected {20 * ROUNDS}"


if __name__ == "__main__":
    main()
