"""A sender looks whether there is a connection and then uses it; close() comes between."""

import threading


class Connection:
    def __init__(self):
        self.last_sent = None


class Session:
    def __init__(self):
        self.connection = Connection()

    def send(self, text):
        if self.connection is not None:
            self.connection.last_sent = text

    def close(self):
        self.connection = None


def main():
    session = Session()
    threads = [
        threading.Thread(target=session.send, args=("hello",)),
        threading.Thread(target=session.close),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
