"""if_not_while, put right: who is woken looks again."""

import threading


class Shelf:
    def __init__(self):
        self.filled = threading.Condition()
        self.loaves = []

    def put(self, loaf):
        with self.filled:
            self.loaves.append(loaf)
            self.filled.notify()

    def take(self):
        with self.filled:
            while not self.loaves:
                self.filled.wait()
            return self.loaves.pop()


def baker(shelf):
    for loaf in ("rye", "spelt"):
        shelf.put(loaf)


def main():
    shelf = Shelf()
    threads = [
        threading.Thread(target=shelf.take, name="customer-1"),
        threading.Thread(target=shelf.take, name="customer-2"),
        threading.Thread(target=baker, args=(shelf,), name="baker"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
