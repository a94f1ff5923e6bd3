"""Code that has no file, or says that it has another one: eval, exec, compile with odd names, lambdas,
functions that are made, replaced and freed while threads run them."""

import gc
import threading

NAMES = ["<string>", "", "/dev/zero", "/proc/self/mem", "no/such/file.py", "x" * 5000, "a\nb\x1b[31m.py",
         "\udcff.py", __file__]
SOURCE = """
def body(shared):
    for i in range(2):
        shared["value"] = shared.get("value", 0) + 1
    return (lambda: shared["value"])()
"""
shared = {}


def body():
    for name in NAMES:
        space = {}
        exec(compile(SOURCE, name, "exec"), space)
        assert space["body"](shared) > 0
        eval("shared.pop('value', None)")
        del space
        gc.collect()


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
    thread.join()
print("compiled")
