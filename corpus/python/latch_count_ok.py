"""latch_count, put right: the worker counts down on every way out."""

import threading


class Latch:
    def __init__(self, count):
        self.count = count
        self.changed = threading.Condition()

    def count_down(self):
        with self.changed:
            self.count -= 1
            self.changed.notify_all()

    def wait(self):
        with self.changed:
            self.changed.wait_for(lambda: self.count == 0)


def builder(reports, latch):
    reports.append("report")
    latch.count_down()


def uploader(reports, latch):
    if reports:
        reports.pop()
    latch.count_down()


def main():
    latch = Latch(2)
    reports = []
    threads = [threading.Thread(target=part, args=(reports, latch)) for part in (builder, uploader)]
    for thread in threads:
        thread.start()
    latch.wait()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
