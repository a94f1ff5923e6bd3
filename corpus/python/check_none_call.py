"""A sender asks whether the session is open and then uses its connection; close() comes between."""

import threading


class Connection:
    def __init__(self):
        self.sent = []


class Session:
    def __init__(self):
        self._connection = Connection()

    def is_open(self):
        return self._connection is not None

    def send(self, text):
        if self.is_open():
            self._deliver(text)

    def _deliver(self, text):
        self._connection.sent.append(text)

    def close(self):
        self._connection = None


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
