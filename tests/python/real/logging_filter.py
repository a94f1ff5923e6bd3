"""A filter for repeated messages, as it is copied from answer to answer. Filters run without a lock.

plain:   getattr, compare, set: both threads pass (gil: on, getattr is a call)
handler: the same state in emit of a handler, which runs under the handler's lock; never fails
"""

import logging
import sys
import threading


class Once(logging.Filter):
    def filter(self, record):
        message = record.getMessage()
        if message != getattr(self, "last", None):
            self.last = message
            return True
        return False


class OnceHandler(logging.Handler):
    def __init__(self, once):
        super().__init__()
        self.once = once
        self.lines = []

    def emit(self, record):
        if not self.once or self.once.filter(record):
            self.lines.append(record.getMessage())


def main(variant):
    logger = logging.getLogger("once")
    logger.propagate = False
    handler = OnceHandler(Once() if variant == "handler" else None)
    logger.handlers[:] = [handler]
    logger.filters[:] = [Once()] if variant == "plain" else []

    threads = [threading.Thread(target=logger.error, args=("disk is full",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert handler.lines == ["disk is full"], handler.lines


if __name__ == "__main__":
    main(sys.argv[1])
