"""KeyboardInterrupt in the main thread, raised by a thread in the three ways that there are; caught."""

import _thread
import os
import signal
import threading

ways = {
    "interrupt_main": _thread.interrupt_main,
    "kill": lambda: os.kill(os.getpid(), signal.SIGINT),
    "raise_signal": lambda: signal.raise_signal(signal.SIGINT),
}
for name, way in ways.items():
    never = threading.Event()
    thread = threading.Thread(target=way)
    try:
        thread.start()
        thread.join()
        for _ in range(1000):
            never.wait(0.01)
        raise AssertionError("no interrupt by " + name)
    except KeyboardInterrupt:
        print("interrupted by", name)
    thread.join()
