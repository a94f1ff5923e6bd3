"""take() returns with the lock held when there is nothing to take."""

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
        self.lock.acquire()
        if not self.loaves:
            return None
        loaf = self.loaves.pop()
        self.lock.release()
        return loaf


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
