"""KeyboardInterrupt that nobody catches while a thread waits: the traceback, then death by SIGINT."""

import _thread
import threading

go = threading.Event()


def body():
    _thread.interrupt_main()
    go.wait()


thread = threading.Thread(target=body, daemon=True)
thread.start()
while True:
    go.wait(0.01)
