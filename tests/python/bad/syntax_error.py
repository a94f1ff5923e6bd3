"""Does not compile: Python says where, and there is nothing to explore."""

import threading


def body(
    print("never")


threading.Thread(target=body).start()
