"""logging with QueueHandler and QueueListener, MemoryHandler behind: all that is logged arrives.

right: the listener is stopped when the threads have ended; never fails
early: it is stopped while one may still log: lines are missing (gil: on)
"""

import logging
import logging.handlers
import queue
import sys
import threading


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def main(variant):
    lines = Lines()
    memory = logging.handlers.MemoryHandler(2, flushLevel=logging.CRITICAL, target=lines)
    todo = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(todo, memory)
    logger = logging.getLogger("queued")
    logger.propagate = False
    logger.handlers[:] = [logging.handlers.QueueHandler(todo)]
    listener.start()
    threads = [threading.Thread(target=logger.error, args=("line %d" % i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads[: 1 if variant == "early" else 3]:
        thread.join()
    listener.stop()
    memory.flush()
    got = list(lines.lines)
    for thread in threads:
        thread.join()
    assert sorted(got) == ["line 0", "line 1", "line 2"], got


if __name__ == "__main__":
    main(sys.argv[1])
