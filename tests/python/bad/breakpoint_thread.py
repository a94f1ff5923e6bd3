"""A breakpoint() in a thread: the debugger reads standard input while the other thread goes on."""

import threading

total = [0]


def body(stop):
    total[0] += 1
    if stop:
        breakpoint()
    total[0] += 1


threads = [threading.Thread(target=body, args=(i == 1,)) for i in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("total", total[0])
