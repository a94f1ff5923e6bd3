"""lost_wakeup, put right: that it rang is remembered."""

import threading


class Doorbell:
    def __init__(self):
        self.rung = threading.Condition()
        self.rings = 0

    def wait(self):
        with self.rung:
            self.rung.wait_for(lambda: self.rings > 0)

    def ring(self):
        with self.rung:
            self.rings += 1
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
