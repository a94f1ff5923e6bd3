"""The program has a trace function of its own, in each thread: it sees each of its lines, once."""

import sys
import threading

lines = {}
total = [0]


def tracer(frame, event, _):
    if frame.f_code is body.__code__:
        key = threading.current_thread().name, event, frame.f_lineno - body.__code__.co_firstlineno
        lines[key] = lines.get(key, 0) + 1
        return tracer
    return None


def body():
    for _ in range(3):
        total[0] += 1


threading.settrace(tracer)
threads = [threading.Thread(target=body, name="T%d" % i) for i in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.settrace(tracer)
body()
sys.settrace(None)
for name in "T0", "T1", "MainThread":
    mine = {key[1:]: count for key, count in lines.items() if key[0] == name}
    assert mine == {("call", 0): 1, ("line", 1): 4, ("line", 2): 3, ("return", 1): 1}, (name, mine)
print("traced")
