"""os.fork in two threads at once, while the main thread has a lock; each child has a thread of its own."""

import os
import threading
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
lock = threading.Lock()
codes = []


def child():
    done = []
    thread = threading.Thread(target=done.append, args=(1,))
    thread.start()
    thread.join()
    os._exit(7 if done == [1] else 1)


def body():
    pid = os.fork()
    if pid == 0:
        child()
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


threads = [threading.Thread(target=body) for _ in range(2)]
with lock:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
assert codes == [7, 7], codes
print("two children")
