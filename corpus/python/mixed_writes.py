"""Street and town of an address belong together. Two clerks write them one after the other: the
address ends with the street of one and the town of the other."""

import threading

ADDRESSES = [("Hauptstrasse", "Bern"), ("Rue Haute", "Geneve")]


class Customer:
    def __init__(self):
        self._address = {}

    def set(self, field, value):
        self._address[field] = value

    def move(self, street, town):
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
