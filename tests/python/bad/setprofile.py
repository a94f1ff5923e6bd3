"""The program has a profile function of its own: it sees each call and return, of C functions too."""

import sys
import threading

events = {}


def profiler(frame, event, argument):
    if frame.f_code in (body.__code__, callee.__code__):
        name = argument.__name__ if event.startswith("c_") else frame.f_code.co_name
        key = threading.current_thread().name, event, name
        events[key] = events.get(key, 0) + 1


def callee(values):
    return len(values)


def body():
    values = []
    for i in range(3):
        values.append(i)
        callee(values)


threading.setprofile(profiler)
threads = [threading.Thread(target=body, name="T%d" % i) for i in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for name in "T0", "T1":
    mine = {key[1:]: count for key, count in events.items() if key[0] == name}
    assert mine.pop(("call", "body")) == 1 and mine.pop(("return", "body")) == 1, mine
    assert mine.pop(("c_call", "append"), 3) == 3 and mine.pop(("c_return", "append"), 3) == 3, mine
    assert set(mine.values()) == {3}, mine
    assert {("call", "callee"), ("return", "callee"), ("c_call", "len")} <= set(mine), mine
sys.setprofile(None)
print("profiled")
