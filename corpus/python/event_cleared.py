"""A reader that finds no letter clears the event and waits: a letter that came between is not
seen."""

import threading


class Mailbox:
    def __init__(self):
        self.arrived = threading.Event()
        self.inbox = []

    def post(self, letter):
        self.inbox.append(letter)
        self.arrived.set()

    def fetch(self):
        while not self.inbox:
            self.arrived.clear()
            self.arrived.wait()
        return self.inbox.pop()


def main():
    mailbox = Mailbox()
    threads = [
        threading.Thread(target=mailbox.fetch),
        threading.Thread(target=mailbox.post, args=("postcard",)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not mailbox.inbox


if __name__ == "__main__":
    main()
