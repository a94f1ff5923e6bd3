"""Two threads, each with an interpreter of its own, which has threads: from 3.12 on with a GIL of its own."""

import sys
import threading

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

SOURCE = """
import threading
total = 0
lock = threading.Lock()
def body():
    global total
    with lock:
        total += 1
threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert total == 2
"""
# In 3.11 an isolated one has no threads.
OPTIONS = {} if sys.version_info >= (3, 12) else {"isolated": False}
results = []


def body():
    interpreter = interpreters.create(**OPTIONS)
    try:
        results.append(interpreters.run_string(interpreter, SOURCE))
    finally:
        interpreters.destroy(interpreter)


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert results == [None, None], results
print("two interpreters")
