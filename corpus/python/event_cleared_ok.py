"""event_cleared, put right: the event is cleared before the look."""

import threading


class Mailbox:
    def __init__(self):
        self.arrived = threading.Event()
        self.inbox = []
        self.read = []

    def reader(self):
        while len(self.read) < 2:
            self.arrived.wait()
            self.arrived.clear()
            while self.inbox:
                self.read.append(self.inbox.pop(0))

    def writer(self):
        for letter in ("bill", "postcard"):
            self.inbox.append(letter)
            self.arrived.set()


def main():
    mailbox = Mailbox()
    threads = [threading.Thread(target=mailbox.reader), threading.Thread(target=mailbox.writer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mailbox.read == ["bill", "postcard"]


if __name__ == "__main__":
    main()
