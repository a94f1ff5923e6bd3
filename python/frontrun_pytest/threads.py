"""Has a test started threads? An audit hook counts what the interpreter starts.

    install()
    before = started()
    ...
    if started() > before: ...

Threads that a C extension makes by itself are not seen.
"""

import sys
import threading

_installed = False
_count = 0


def _is_watchdog(function):
    """The timer of pytest-timeout, one for each test, is no part of the test."""
    timer = getattr(function, "__self__", None)
    if not isinstance(timer, threading.Timer):
        return False
    target = getattr(timer.function, "func", timer.function)
    return getattr(target, "__module__", None) == "pytest_timeout"


def _hook(event, arguments):
    global _count
    if event == "_thread.start_new_thread" or event == "_thread.start_joinable_thread":
        if not _is_watchdog(arguments[0]):
            _count += 1


def install():
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_hook)


def started():
    return _count
