"""What the starters have in common: a process that looks as if Python had been given -m."""

import os
import sys

OLDEST = (3, 8)
USAGE = {"pytest": 4, "unittest": 2}  # their own statuses
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def complain(command, sentence):
    sys.stderr.write("frontrun: %s: %s\n" % (command, sentence))
    return USAGE[command]


def too_old(command):
    """A status when this Python is, else None."""
    if sys.version_info >= OLDEST:
        return None
    return complain(
        command,
        "%s is Python %d.%d, and %d.%d is the oldest that works: name another one with --python"
        % ((sys.executable,) + sys.version_info[:2] + OLDEST),
    )


def set_path():
    """As with -m the working directory comes first, and what is ours comes last."""
    if getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    else:
        sys.path[0] = os.getcwd()
    sys.path.append(HERE)
