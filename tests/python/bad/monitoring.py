"""The program has taken every tool of sys.monitoring (3.12 and later) before its first thread."""

import sys
import threading

calls = []
total = [0]


def body():
    for _ in range(3):
        total[0] += 1


if sys.version_info >= (3, 12):
    for tool in range(6):
        sys.monitoring.use_tool_id(tool, "tool %d of the program" % tool)
    events = sys.monitoring.events
    sys.monitoring.register_callback(0, events.PY_START, lambda code, _: calls.append(code))
    sys.monitoring.set_local_events(0, body.__code__, events.PY_START)
threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert sys.version_info < (3, 12) or calls == [body.__code__] * 2, calls
print("monitored")
