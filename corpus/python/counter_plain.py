"""Two workers count the requests that they served. `+=` on an attribute is a load, an add and a
store: an update that another worker makes between is lost."""

import threading

ROUNDS = 1


class Metrics:
    def __init__(self):
        self.served = 0


def worker(metrics):
    for _ in range(ROUNDS):
        metrics.served += 1


def main():
    metrics = Metrics()
    threads = [threading.Thread(target=worker, args=(metrics,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert metrics.served == 2 * ROUNDS, f"{metrics.served} of {2 * ROUNDS} requests counted"


if __name__ == "__main__":
    main()
