"""contextlib.contextmanager and ExitStack, shared by threads.

stack: one ExitStack that two threads close: each callback runs once, but close() of one comes back before
       the callback of the other has run (gil: on)
own:   a context object each; never fails
"""

import contextlib
import sys
import threading


def main(variant):
    log = []

    @contextlib.contextmanager
    def transaction():
        log.append("begin")
        yield
        log.append("commit")

    if variant == "stack":
        closed = []
        stack = contextlib.ExitStack()
        stack.callback(lambda: closed.append("file"))

        def body():
            stack.close()
            assert closed == ["file"], "close() came back, and nothing is closed"

    else:

        def body():
            with transaction():
                pass

    threads = [threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.count("begin") == log.count("commit")


if __name__ == "__main__":
    main(sys.argv[1])
