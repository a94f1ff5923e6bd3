"""Callbacks of weak references and finalisers that run in whichever thread drops the last reference."""

import gc
import threading
import weakref


class Node:
    pass


class Log:
    def __init__(self):
        self.lock = threading.RLock()
        self.gone = []

    def note(self, name):
        with self.lock:
            self.gone.append(name)


log = Log()
nodes = weakref.WeakValueDictionary()


def body(i):
    node = Node()
    node.itself = node
    nodes[i] = node
    weakref.finalize(node, log.note, "finalized %d" % i)
    plain = Node()
    plain.ref = weakref.ref(node, lambda _: log.note("callback %d" % i))
    keep.append(plain)
    del node
    gc.collect()


keep = []
threads = [threading.Thread(target=body, args=(i,)) for i in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
gc.collect()
expected = ["callback 0", "callback 1", "finalized 0", "finalized 1"]
assert sorted(log.gone) == expected and not nodes, log.gone
print("collected")
