"""early_return, put right: a `with` releases the lock on every way out."""

import threading


class Shelf:
    def __init__(self):
        self.lock = threading.Lock()
        self.loaves = []

    def put(self, loaf):
        self.lock.acquire()
        self.loaves.append(loaf)
        self.lock.release()

    def take(self):
        with self.lock:
            if not self.loaves:
                return None
            return self.loaves.pop()


def main():
    shelf = Shelf()
    threads = [
        threading.Thread(target=shelf.put, args=("rye",), name="baker"),
        threading.Thread(target=shelf.take, name="customer"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
