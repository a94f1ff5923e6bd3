"""counter_method, put right: a deposit holds the lock of the account."""

import threading


class Account:
    def __init__(self):
        self._balance = 0
        self._lock = threading.Lock()

    def get_balance(self):
        return self._balance

    def set_balance(self, balance):
        self._balance = balance

    def deposit(self, amount):
        with self._lock:
            current = self.get_balance()
            self.set_balance(current + amount)


def main():
    account = Account()
    threads = [threading.Thread(target=account.deposit, args=(amount,)) for amount in (10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.get_balance() == 30, f"expected 30, got {account.get_balance()}"


if __name__ == "__main__":
    main()
