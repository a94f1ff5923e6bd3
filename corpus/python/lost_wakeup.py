"""A condition is waited for without a predicate: a notification that comes first is lost."""

import threading


class Doorbell:
    def __init__(self):
        self.rung = threading.Condition()

    def wait(self):
        with self.rung:
            self.rung.wait()

    def ring(self):
        with self.rung:
            self.rung.notify()


def main():
    bell = Doorbell()
    threads = [
        threading.Thread(target=bell.wait, name="host"),
        threading.Thread(target=bell.ring, name="guest"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
