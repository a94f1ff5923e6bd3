"""A quote is two prices that belong together. A trader reads one after the other; the market moves
between."""

import threading


class Quote:
    def __init__(self, bid, ask):
        self._prices = {"bid": bid, "ask": ask}

    def price(self, side):
        return self._prices[side]

    def move(self, by):
        for side in self._prices:
            self._prices[side] += by


def trader(quote):
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
