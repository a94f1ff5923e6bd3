"""The `finally` that releases a slot runs also where none was acquired."""

import threading


class Printer:
    def __init__(self):
        self.slots = threading.Semaphore(1)
        self.lock = threading.Lock()
        self.users = 0
        self.most_users = 0

    def enter(self):
        with self.lock:
            self.users += 1
            self.most_users = max(self.most_users, self.users)

    def leave(self):
        with self.lock:
            self.users -= 1

    def print_page(self):
        try:
            if not self.slots.acquire(blocking=False):
                return
            self.enter()
            self.leave()
        finally:
            self.slots.release()


def client(printer):
    for _ in range(2):
        printer.print_page()


def main():
    printer = Printer()
    threads = [threading.Thread(target=client, args=(printer,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert printer.most_users == 1, f"{printer.most_users} clients print at once"


if __name__ == "__main__":
    main()
