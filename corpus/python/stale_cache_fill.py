"""A reader loads a price and puts it into the cache; between the two an editor changes the price
and empties the cache: the old price stays there."""

import threading


class Shop:
    def __init__(self):
        self.table = {"tea": 2}
        self.cache = {}

    def load(self, item):
        return self.add_tax(self.table[item])

    def add_tax(self, price):
        return price * 1.25

    def price(self, item):
        if item not in self.cache:
            self.cache[item] = self.load(item)
        return self.cache.get(item)

    def change_price(self, item, price):
        self.table[item] = price
        self.cache.pop(item, None)


def main():
    shop = Shop()
    threads = [
        threading.Thread(target=shop.price, args=("tea",)),
        threading.Thread(target=shop.change_price, args=("tea", 4)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.price("tea") == 5, f"the cache says {shop.price('tea')}, expected 5"


if __name__ == "__main__":
    main()
