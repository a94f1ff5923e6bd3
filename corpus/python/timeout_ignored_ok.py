"""timeout_ignored, put right: a customer whose time is over goes without a receipt."""

import threading


class Counter:
    def __init__(self):
        self.ready = threading.Event()
        self.receipts = []

    def clerk(self):
        self.receipts.append("receipt")
        self.ready.set()

    def customer(self):
        if self.ready.wait(timeout=0.05):
            self.receipts.pop()


def main():
    counter = Counter()
    threads = [threading.Thread(target=counter.clerk), threading.Thread(target=counter.customer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
