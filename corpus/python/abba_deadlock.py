"""Two transfers in opposite directions lock the two accounts in opposite orders."""

import threading


class Account:
    def __init__(self, name, balance):
        self.name = name
        self.balance = balance
        self.lock = threading.Lock()

    def require(self, amount):
        if self.balance < amount:
            raise ValueError(f"{self.name} has only {self.balance}")


def transfer(source, target, amount):
    with source.lock:
        source.require(amount)
        with target.lock:
            source.balance -= amount
            target.balance += amount


def main():
    savings, checking = Account("savings", 100), Account("checking", 100)
    threads = [
        threading.Thread(target=transfer, args=(savings, checking, 10)),
        threading.Thread(target=transfer, args=(checking, savings, 20)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (savings.balance, checking.balance) == (110, 90)


if __name__ == "__main__":
    main()
