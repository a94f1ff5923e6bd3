"""check_none, put right: the connection is read once, and what was read is used."""

import threading

ROUNDS = 1


class Connection:
    def __init__(self):
        self.last_sent = None


class Session:
    def __init__(self):
        self.connection = Connection()

    def send(self, text):
        connection = self.connection
        if connection is not None:
            connection.last_sent = text

    def close(self):
        self.connection = None


def sender(sessions):
    for session in sessions:
        session.send("hello")


def closer(sessions):
    for session in sessions:
        session.close()


def main():
    sessions = [Session() for _ in range(ROUNDS)]
    threads = [threading.Thread(target=part, args=(sessions,)) for part in (sender, closer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
