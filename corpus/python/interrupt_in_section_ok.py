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


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    journal = Journal()
    user = threading.Thread(target=_thread.interrupt_main)
    try:
        user.start()
        journal.write("working")
        user.join()
    except KeyboardInterrupt:
        journal.write("interrupted")
    user.join()
    assert journal.lines[-1] == "interrupted"


if __name__ == "__main__":
    main()
