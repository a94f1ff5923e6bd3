"""Greenlets (C stacks switched below the interpreter) in two threads at once."""

import threading

import greenlet

total = [0]
lock = threading.Lock()


def body():
    def other():
        for _ in range(3):
            with lock:
                total[0] += 1
            main.switch()

    main = greenlet.getcurrent()
    mine = greenlet.greenlet(other)
    while not mine.dead:
        mine.switch()


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert total[0] == 6, total
print("greenlets")
