"""How a child says what became of its test: a short traceback on stderr, and a status."""

import linecache
import os
import sys
import traceback

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PASSED, FAILED, NOT_THERE = 0, 1, 5  # the last is pytest's for "no tests collected"


def leave(status):
    """The one way out: what was written is written, and nothing else happens."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    os._exit(status)


def _is_machinery(path):
    """Frames of the test framework are no part of what went wrong."""
    folders = path.split(os.sep)
    return (
        path.startswith(HERE + os.sep)
        or "_pytest" in folders
        or "pluggy" in folders
        or folders[-2:-1] in (["unittest"], ["pytest"])
        or folders[-1] == "threading.py"
    )


def _short(path):
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def tell(exception, tb, thread=None):
    """The traceback in Python's own form, then its gist in a line: PATH:LINE: TYPE: MESSAGE."""
    frames = [f for f in traceback.extract_tb(tb) if not _is_machinery(f.filename)]
    shown = [
        traceback.FrameSummary(_short(f.filename), f.lineno, f.name, lookup_line=False, line=f.line)
        for f in frames
    ]
    only = traceback.format_exception_only(type(exception), exception)
    text = "Exception in thread %s:\n" % thread if thread else ""
    text += "Traceback (most recent call last):\n"
    text += "".join(traceback.format_list(shown)) + "".join(only)
    gist = only[-1].split("\n", 1)[0]
    if shown:
        gist = "%s:%s: %s" % (shown[-1].filename, shown[-1].lineno, gist)
    return text + gist + "\n"


def warm_up(path):
    """What a failure would import and read is loaded now, once for all schedules."""
    try:
        raise AssertionError
    except AssertionError as error:
        tell(error, error.__traceback__)
    linecache.getlines(path)


def not_there(test):
    sys.stderr.write(
        "%s is not there when the tests are collected again: its name is not the same each time\n"
        % test
    )
    leave(NOT_THERE)
