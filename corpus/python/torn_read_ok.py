"""torn_read, put right: both prices are read, and moved, under one lock."""

import threading


class Quote:
    def __init__(self, bid, ask):
        self.lock = threading.Lock()
        self._prices = {"bid": bid, "ask": ask}

    def price(self, side):
        return self._prices[side]

    def move(self, by):
        with self.lock:
            for side in self._prices:
                self._prices[side] += by


def trader(quote):
    with quote.lock:
        bid = quote.price("bid")
        ask = quote.price("ask")
    assert ask - bid == 2, f"bid {bid}, ask {ask}"


def main():
    quote = Quote(bid=99, ask=101)
    threads = [
        threading.Thread(target=trader, args=(quote,)),
        threading.Thread(target=quote.move, args=(10,)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
