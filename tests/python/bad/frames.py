"""The program looks at its own frames: locals, last instruction, f_trace, tracebacks, who is where."""

import sys
import threading
import traceback

seen = []
inside = threading.Barrier(2)


def callee(depth):
    frame = sys._getframe(1)
    seen.append((frame.f_code.co_name, frame.f_locals["local"], frame.f_trace is None, depth))


def body():
    local = 1
    callee(len(traceback.extract_stack()))
    inside.wait()
    names = {f.f_code.co_name for f in sys._current_frames().values()}
    assert "body" in names or "wait" in names, names
    inside.wait()
    local = 2
    try:
        raise ValueError(local)
    except ValueError as error:
        assert error.__traceback__.tb_frame is sys._getframe()
        assert error.__traceback__.tb_next is None
        assert sys._getframe().f_trace is None


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert seen == [("body", 1, True, 4)] * 2, seen
assert sys.gettrace() is None and threading.gettrace() is None and sys.getprofile() is None
print("framed")
