"""dataclasses: defaults that are made when an object is.

global: default_factory with a global counter, `+= 1` and return: two orders with one number (gil: off:
        nothing is called in between)
stored: the counter is in a dict and read by get(): the same (gil: on)
count:  itertools.count; never fails
"""

import itertools
import sys
import threading
from dataclasses import dataclass, field

last = 0


def main(variant):
    global last
    last = 0
    numbers = itertools.count(1)
    state = {}

    def next_number():
        global last
        if variant == "global":
            last += 1
            return last
        if variant == "stored":
            state["last"] = state.get("last", 0) + 1
            return state["last"]
        return next(numbers)

    @dataclass
    class Order:
        number: int = field(default_factory=next_number)
        lines: dict = field(default_factory=dict)

    orders = []

    def buy(item):
        order = Order()
        order.lines[item] = 1
        orders.append((order.number, list(order.lines)))

    threads = [threading.Thread(target=buy, args=(item,)) for item in ("pen", "ink")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for number, _ in orders) == [1, 2], orders
    assert sorted(lines for _, lines in orders) == [["ink"], ["pen"]], orders


if __name__ == "__main__":
    main(sys.argv[1])
