"""notify_not_all, put right: all are woken."""

import threading


class Gate:
    def __init__(self):
        self.changed = threading.Condition()
        self.is_open = False

    def open(self):
        with self.changed:
            self.is_open = True
            self.changed.notify_all()

    def pass_through(self):
        with self.changed:
            while not self.is_open:
                self.changed.wait()


def main():
    gate = Gate()
    threads = [
        threading.Thread(target=gate.open, name="starter"),
        threading.Thread(target=gate.pass_through, name="runner-1"),
        threading.Thread(target=gate.pass_through, name="runner-2"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
