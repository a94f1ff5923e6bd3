"""A pykka actor that two clients use through a proxy.

read-write: each client reads the balance, adds, and writes it: an update is lost, although the actor is
            safe (gil: on: each of the two is a message)
message:    each client sends one message that adds; never fails
"""

import sys
import threading

import pykka


class Account(pykka.ThreadingActor):
    def __init__(self):
        super().__init__()
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount


def main(variant):
    account = Account.start().proxy()

    def client(amount):
        if variant == "message":
            account.deposit(amount).get()
        else:
            account.balance = account.balance.get() + amount

    threads = [threading.Thread(target=client, args=(amount,)) for amount in (10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    balance = account.balance.get()
    account.stop()
    assert balance == 30, "expected 30, got %d" % balance


if __name__ == "__main__":
    main(sys.argv[1])
