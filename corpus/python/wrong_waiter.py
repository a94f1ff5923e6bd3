"""A buffer for one item has one condition for two predicates, and notify() wakes one waiter: it may
be the wrong one."""

import threading


class Buffer:
    def __init__(self):
        self.changed = threading.Condition()
        self.items = []

    def put(self, item):
        with self.changed:
            while self.items:
                self.changed.wait()
            self.items.append(item)
            self.changed.notify()

    def take(self):
        with self.changed:
            while not self.items:
                self.changed.wait()
            item = self.items.pop()
            self.changed.notify()
            return item


def producer(buffer):
    for item in ("first", "second"):
        buffer.put(item)


def main():
    buffer = Buffer()
    threads = [
        threading.Thread(target=producer, args=(buffer,), name="producer"),
        threading.Thread(target=buffer.take, name="consumer-1"),
        threading.Thread(target=buffer.take, name="consumer-2"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
