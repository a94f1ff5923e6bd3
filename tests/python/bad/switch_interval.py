"""The program sets how often its interpreter switches threads, and turns the collector off and on."""

import gc
import sys
import threading

total = [0]
lock = threading.Lock()


def body():
    for i in range(20):
        with lock:
            total[0] += 1
        if i == 10:
            gc.disable()
            sys.setswitchinterval(0.001)
            gc.enable()


sys.setswitchinterval(1e-6)
gc.set_threshold(1)
threads = [threading.Thread(target=body) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert total[0] == 60 and sys.getswitchinterval() == 0.001
print("switched")
