"""counter_item, put right: a lock for the stock."""

import threading

ROUNDS = 1
stock_lock = threading.Lock()


def seller(stock):
    for _ in range(ROUNDS):
        with stock_lock:
            stock["apples"] -= 1


def main():
    stock = {"apples": 2 * ROUNDS, "pears": 5}
    threads = [threading.Thread(target=seller, args=(stock,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stock["apples"] == 0, f"{stock['apples']} apples left, all were sold"


if __name__ == "__main__":
    main()
