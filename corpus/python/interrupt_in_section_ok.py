"""interrupt_in_section, put right: `with` leaves no place between acquisition and protection."""

import _thread
import signal
import threading


class Journal:
    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []

    def write(self, line):
        with self.lock:
            self.lines.append(line)


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
