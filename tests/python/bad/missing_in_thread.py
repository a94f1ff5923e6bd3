"""Imports what is not there, in a thread: the traceback of a thread, and a status that says nothing."""

import threading


def body():
    import frontrun_no_such_module

    frontrun_no_such_module.main()


thread = threading.Thread(target=body)
thread.start()
thread.join()
print("main goes on")
