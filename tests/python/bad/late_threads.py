"""Threads at times when nobody thinks of them: during import, in atexit, in __del__, in a finaliser of a
module that is torn down."""

import atexit
import os
import sys
import tempfile
import threading

seen = []


def run(name):
    thread = threading.Thread(target=seen.append, args=(name,))
    thread.start()
    thread.join()


class Late:
    def __del__(self):
        run("del")


with tempfile.TemporaryDirectory() as directory:
    with open(os.path.join(directory, "imported.py"), "w") as file:
        file.write("import threading\nt = threading.Thread(target=print, args=('in import',))\n"
                   "t.start()\nt.join()\n")
    sys.path.insert(0, directory)
    sys.dont_write_bytecode = True
    import imported
late = Late()
del late


def at_exit():
    try:
        run("atexit")
    except RuntimeError as error:
        # From 3.12 on no thread can be started that late.
        seen.append("atexit")
        assert sys.version_info >= (3, 12), error
    assert seen == ["del", "atexit"], seen
    print("late", flush=True)


atexit.register(at_exit)
