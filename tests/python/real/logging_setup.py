"""Loggers that are set up by whoever comes first.

twice: `if not logger.handlers: logger.addHandler(...)` in two threads: two handlers, each line comes twice
       (gil: on)
once:  the same under a lock; never fails
"""

import contextlib
import logging
import sys
import threading


class Memory(logging.Handler):
    lines = []

    def emit(self, record):
        Memory.lines.append(self.format(record))


def main(variant):
    Memory.lines = []
    lock = threading.Lock() if variant == "once" else contextlib.nullcontext()
    logger = logging.getLogger("service")
    logger.handlers.clear()
    logger.propagate = False
    logger.setLevel(logging.INFO)

    def get_logger():
        with lock:
            if not logger.handlers:
                handler = Memory()
                handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
                logger.addHandler(handler)
        return logger

    def request(number):
        get_logger().info("request %d", number)

    threads = [threading.Thread(target=request, args=(i,)) for i in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Memory.lines) == ["INFO request 1", "INFO request 2"], Memory.lines


if __name__ == "__main__":
    main(sys.argv[1])
