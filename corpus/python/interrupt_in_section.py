"""KeyboardInterrupt can come between acquire() and `try`: the lock stays locked."""

import _thread
import signal
import threading


class Journal:
    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []

    def write(self, line):
        self.lock.acquire()
        try:
            self.lines.append(line)
        finally:
            self.lock.release()


def user(begun):
    begun.acquire()
    _thread.interrupt_main()


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    journal = Journal()
    begun = threading.Lock()
    begun.acquire()
    thread = threading.Thread(target=user, args=(begun,))
    thread.start()
    try:
        begun.release()
        journal.write("working")
        thread.join()
    except KeyboardInterrupt:
        journal.write("interrupted")
    thread.join()
    assert journal.lines[-1] == "interrupted"


if __name__ == "__main__":
    main()
