"""A program to be looked at with pdb, whose commands come from standard input."""

import threading


class Counter:
    def __init__(self):
        self.value = 0

    def add(self, amount):
        self.value += amount


counter = Counter()
threads = [threading.Thread(target=counter.add, args=(i,)) for i in (1, 2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("value", counter.value)
