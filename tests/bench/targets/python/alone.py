"""A script without a second thread: attributes, items, calls, and some of the standard library."""

import collections
import json


class Order:
    def __init__(self, number):
        self.number = number
        self.total = 0

    def add(self, price):
        self.total += price
        return self


def main():
    by_rest = collections.defaultdict(list)
    for number in range(60000):
        by_rest[number % 97].append(Order(number).add(number % 13).add(7))
    totals = {rest: sum(order.total for order in orders) for rest, orders in by_rest.items()}
    print(sum(json.loads(json.dumps(totals)).values()))


if __name__ == "__main__":
    main()
