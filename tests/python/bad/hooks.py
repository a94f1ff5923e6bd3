"""The program has hooks of its own: excepthook of threads, sys.excepthook, unraisablehook, atexit."""

import atexit
import sys
import threading

seen = []


class Broken:
    def __del__(self):
        raise ValueError("in __del__")


def body(broken):
    del broken
    raise KeyError("in a thread")


def at_exit():
    assert seen == ["ValueError", "KeyError", "IndexError"], seen
    print("hooks", *seen, flush=True)


threading.excepthook = lambda arguments: seen.append(arguments.exc_type.__name__)
sys.unraisablehook = lambda arguments: seen.append(arguments.exc_type.__name__)
sys.excepthook = lambda kind, value, traceback: seen.append(kind.__name__)
atexit.register(at_exit)
thread = threading.Thread(target=body, args=(Broken(),))
thread.start()
thread.join()
[][0]
