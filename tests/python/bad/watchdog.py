"""faulthandler: a thread of C that is never Python's, a fault whose stack it prints, and a time-out
that is cancelled."""

import faulthandler
import sys
import threading

total = [0]
lock = threading.Lock()


def body():
    with lock:
        total[0] += 1


faulthandler.enable()
faulthandler.dump_traceback_later(100)
threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
faulthandler.cancel_dump_traceback_later()
assert total[0] == 2
print("watched", flush=True)
if len(sys.argv) > 1:
    thread = threading.Thread(target=faulthandler._sigsegv)
    thread.start()
    thread.join()
