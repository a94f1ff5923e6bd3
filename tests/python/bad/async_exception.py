"""An exception that one thread sends to another by PyThreadState_SetAsyncExc, as pools and notebooks do."""

import ctypes
import threading

ready = threading.Event()
caught = []


class Cancel(Exception):
    pass


def body():
    try:
        while True:
            ready.set()
    except Cancel:
        caught.append(1)


thread = threading.Thread(target=body)
thread.start()
ready.wait()
sent = ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Cancel))
thread.join()
assert sent == 1 and caught == [1]
print("cancelled")
