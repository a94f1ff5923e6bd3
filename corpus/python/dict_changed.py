"""A dictionary is iterated while another thread adds to it."""

import threading


class Presence:
    def __init__(self):
        self.idle = {"ann": 3, "bob": 5}

    def describe(self, name):
        return f"{name} ({self.idle[name]} min)"

    def report(self):
        lines = []
        for name in self.idle:
            lines.append(self.describe(name))
        return lines

    def join(self, name):
        self.idle[name] = 0


def main():
    presence = Presence()
    threads = [
        threading.Thread(target=presence.report),
        threading.Thread(target=presence.join, args=("eve",)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(presence.report()) == 3


if __name__ == "__main__":
    main()
