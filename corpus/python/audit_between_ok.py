"""audit_between, put right: transfers and audits exclude each other."""

import threading


bank_lock = threading.Lock()


class Account:
    def __init__(self, balance):
        self.lock = threading.Lock()
        self.balance = balance

    def add(self, amount):
        with self.lock:
            self.balance += amount

    def read(self):
        with self.lock:
            return self.balance


def transfer(source, target, amount):
    with bank_lock:
        source.add(-amount)
        target.add(amount)


def auditor(accounts):
    with bank_lock:
        total = sum(account.read() for account in accounts)
    assert total == 200, f"the bank has {total}, expected 200"


def main():
    savings, checking = Account(100), Account(100)
    threads = [
        threading.Thread(target=transfer, args=(savings, checking, 10)),
        threading.Thread(target=auditor, args=([savings, checking],)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
