"""ring_overtaken, put right: the ring has a lock."""

import threading

ROUNDS = 1


class Ring:
    def __init__(self, slots):
        self.slots = [None] * slots
        self.tail = 0
        self.lock = threading.Lock()

    def put(self, item):
        with self.lock:
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
