"""Has a test started threads? An audit hook counts what the interpreter starts. Before 3.12 no
event tells of it: there the function that starts a thread is replaced by one that counts.

    install()
    before = started()
    with Exceptions() as exceptions:
        ...
    if started() > before: ...
    if exceptions.first: exception, traceback, thread = exceptions.first

Threads that a C extension makes by itself are not seen.
"""

import _thread
import functools
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


def _count_start(function):
    global _count
    if not _is_watchdog(function):
        _count += 1


def _hook(event, arguments):
    if event == "_thread.start_new_thread" or event == "_thread.start_joinable_thread":
        _count_start(arguments[0])


def _replace():
    start = _thread.start_new_thread

    @functools.wraps(start)
    def start_new_thread(function, *more):
        _count_start(function)
        return start(function, *more)

    _thread.start_new_thread = _thread.start_new = start_new_thread
    threading._start_new_thread = start_new_thread


def install():
    global _installed
    if _installed:
        return
    _installed = True
    if sys.version_info >= (3, 12):
        sys.addaudithook(_hook)
    else:
        _replace()


def started():
    return _count


class Exceptions:
    """Exceptions that ended a thread: the first is kept, and who listened before us is told too."""

    def __init__(self):
        self.first = None
        self._hooks = []

    def __enter__(self):
        self._listen(threading, "excepthook", self._of_threading)
        self._listen(sys, "unraisablehook", self._of_interpreter)
        return self

    def __exit__(self, *_):
        for module, name, before, ours in self._hooks:
            if getattr(module, name) is ours:
                setattr(module, name, before)
        self._hooks = []

    def _listen(self, module, name, take):
        before = getattr(module, name)

        def hook(arguments, /):
            take(arguments)
            before(arguments)

        setattr(module, name, hook)
        self._hooks.append((module, name, before, hook))

    def _take(self, arguments, thread):
        if self.first is None and arguments.exc_value is not None:
            self.first = (arguments.exc_value, arguments.exc_traceback, thread)

    def _of_threading(self, arguments):
        if not issubclass(arguments.exc_type, SystemExit):
            self._take(arguments, arguments.thread.name if arguments.thread else "(unknown)")

    def _of_interpreter(self, arguments):
        # What a thread of _thread.start_new_thread ends with, among much that is no failure.
        if "in thread" in (arguments.err_msg or ""):
            self._take(arguments, getattr(arguments.object, "__qualname__", "(unknown)"))
