"""An exception that nobody catches in a thread: printed by threading.excepthook, and the status is 0."""

import threading

todo = {"left": 1}


def body():
    del todo["left"]


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
