"""wrong_lock, put right: one lock for one balance."""

import threading


class Account:
    def __init__(self, balance):
        self.lock = threading.Lock()
        self.balance = balance

    def change(self, amount):
        balance = self.balance
        self.check(balance + amount)
        self.balance = balance + amount

    def check(self, balance):
        if balance < 0:
            raise ValueError("overdrawn")

    def deposit(self, amount):
        with self.lock:
            self.change(amount)

    def withdraw(self, amount):
        with self.lock:
            self.change(-amount)


def main():
    account = Account(100)
    threads = [
        threading.Thread(target=account.deposit, args=(50,)),
        threading.Thread(target=account.withdraw, args=(30,)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.balance == 120, f"balance {account.balance}, expected 120"


if __name__ == "__main__":
    main()
