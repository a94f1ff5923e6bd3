"""What can be said of searches, in pytest and in unittest: --frontrun-NAME, and its defaults."""

import os
import tempfile

PROGRAM = "FRONTRUN_PYTEST"  # path of the CLI, set by it for the starters
ITERATIONS = 200
SECONDS = 2.0
MOST = 1000000000

# (name, help, what argparse wants to know beside)
OPTIONS = (
    (
        "iterations",
        "schedules for each test that starts threads (default %d; 0: explore none)" % ITERATIONS,
        {"type": int, "metavar": "N"},
    ),
    (
        "time",
        "seconds for each test that starts threads (default %g; 0: no limit)" % SECONDS,
        {"type": float, "metavar": "SECONDS"},
    ),
    (
        "seed",
        "seed of each search (default: made from the test's name)",
        {"type": int, "metavar": "N"},
    ),
    (
        "fail-on",
        "which findings fail a test (default can-happen: those possible with this interpreter's "
        "GIL)",
        {"choices": ("can-happen", "any")},
    ),
    (
        "gil",
        "where to switch: as with this interpreter's GIL, as without one, or first the one, then "
        "the other (default)",
        {"choices": ("auto", "on", "off")},
    ),
    ("output", "folder for traces of failures (default frontrun-failures)", {"metavar": "DIR"}),
    (
        "option",
        "further option of frontrun fuzz, as --frontrun-option=--time-limit=60",
        {"action": "append", "default": [], "metavar": "OPTION"},
    ),
)


def add(add_option):
    """Gives each option to the add_argument() of argparse, or what is like it."""
    for name, text, more in OPTIONS:
        destination = "frontrun_" + name.replace("-", "_")
        add_option("--frontrun-" + name, dest=destination, help=text, **more)


def number(where, value, convert):
    """Raises ValueError with a sentence."""
    try:
        made = convert(value)
    except (TypeError, ValueError):
        raise ValueError("%s takes a number, not %r" % (where, value))
    if isinstance(value, bool) or not 0 <= made <= MOST:
        raise ValueError("%s takes a number from 0 to %d, not %r" % (where, MOST, value))
    return made


def output_folder(directory, output):
    """The folder for traces, or another where that cannot be written: a story needs its trace."""
    output = output or "frontrun-failures"
    path = os.path.join(directory, output)
    there = path if os.path.exists(path) else os.path.dirname(path.rstrip("/"))
    if os.access(there, os.W_OK):
        return output
    return os.path.join(tempfile.gettempdir(), "frontrun-failures-%d" % os.getuid())
