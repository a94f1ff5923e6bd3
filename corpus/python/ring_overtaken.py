"""Two producers put into a ring without a lock: both use the same slot."""

import threading

ROUNDS = 1


class Ring:
    def __init__(self, slots):
        self.slots = [None] * slots
        self.tail = 0

    def put(self, item):
        tail = self.tail
        self.slots[tail] = item
        self.tail = tail + 1


def producer(ring, name):
    for number in range(ROUNDS):
        ring.put((name, number))


def main():
    ring = Ring(2 * ROUNDS)
    threads = [threading.Thread(target=producer, args=(ring, name)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ring.tail == 2 * ROUNDS, f"{2 * ROUNDS - ring.tail} items overwritten"


if __name__ == "__main__":
    main()
