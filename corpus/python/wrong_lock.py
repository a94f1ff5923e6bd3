"""Deposits have a lock and withdrawals have another; both change one balance."""

import threading


class Account:
    def __init__(self, balance):
        self.deposit_lock = threading.Lock()
        self.withdraw_lock = threading.Lock()
        self.balance = balance

    def change(self, amount):
        balance = self.balance
        self.check(balance + amount)
        self.balance = balance + amount

    def check(self, balance):
        if balance < 0:
            raise ValueError("overdrawn")

    def deposit(self, amount):
        with self.deposit_lock:
            self.change(amount)

    def withdraw(self, amount):
        with self.withdraw_lock:
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
