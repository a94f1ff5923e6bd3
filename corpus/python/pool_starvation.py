"""Each order waits for a label that is printed by the same pool: when all workers have an order,
nobody is left to print."""

import concurrent.futures


class Warehouse:
    def __init__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=2)
        self.shipped = []

    def print_label(self, order):
        return f"label of {order}"

    def ship(self, order):
        label = self.pool.submit(self.print_label, order)
        self.shipped.append(label.result())


def main():
    warehouse = Warehouse()
    with warehouse.pool as pool:
        books = pool.submit(warehouse.ship, "books")
        pool.submit(warehouse.print_label, "catalogue").result()
        shoes = pool.submit(warehouse.ship, "shoes")
        concurrent.futures.wait([books, shoes])
    assert len(warehouse.shipped) == 2


if __name__ == "__main__":
    main()
