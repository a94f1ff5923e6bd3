"""mixed_writes, put right: a move holds the lock of the customer."""

import threading

ADDRESSES = [("Hauptstrasse", "Bern"), ("Rue Haute", "Geneve")]


class Customer:
    def __init__(self):
        self._address = {}
        self._lock = threading.Lock()

    def set(self, field, value):
        self._address[field] = value

    def move(self, street, town):
        with self._lock:
            self.set("street", street)
            self.set("town", town)

    def address(self):
        return self._address["street"], self._address["town"]


def main():
    customer = Customer()
    threads = [threading.Thread(target=customer.move, args=address) for address in ADDRESSES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert customer.address() in ADDRESSES, f"nobody lives at {customer.address()}"


if __name__ == "__main__":
    main()
