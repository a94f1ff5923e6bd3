"""How often does a program of this directory fail by itself, without frontrun? That is what the labels
"can happen on this interpreter" and "only without the GIL" are checked against.

usage: hammer.py [--seconds S] [--tries N] PROGRAM [VARIANT]

Calls its main() again and again in one process, with threads switched as often as the interpreter can. A
try fails when main() or one of its threads raises, or when it does not end. What is rare is helped in ways
that a machine could come up with by itself: threads that are started one after another begin together.
"""

import argparse
import collections
import ctypes
import faulthandler
import runpy
import sys
import threading
import time

TOGETHER = 0.0003
PR_SET_TIMERSLACK = 29
# How exact the kernel is when a thread asks for the GIL: at once, or in its usual 50 us. Half of the time
# each, as the first is slow and hits more.
SLACKS = (1, 50000)


class Starts:
    """Holds new threads back until somebody is joined, or for a moment."""

    def __init__(self):
        run, join = threading.Thread.run, threading.Thread.join
        self.together = threading.Event()

        def late_run(thread):
            self.together.wait(TOGETHER)
            run(thread)

        def noted_join(thread, *arguments, **options):
            self.together.set()
            join(thread, *arguments, **options)

        threading.Thread.run, threading.Thread.join = late_run, noted_join


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--tries", type=int, default=10**6)
    parser.add_argument("program")
    parser.add_argument("variant", nargs="?")
    options = parser.parse_args()
    body = runpy.run_path(options.program, run_name="hammered")["main"]
    arguments = [options.variant] if options.variant else []
    raised = collections.Counter()
    this_try = []
    threading.excepthook = lambda args: this_try.append("%s: %s" % (args.exc_type.__name__, args.exc_value))
    sys.setswitchinterval(1e-6)
    starts = Starts()
    prctl = ctypes.CDLL(None).prctl
    spent = dict.fromkeys(SLACKS, 0.0)
    tries = failed = 0
    while tries < options.tries and sum(spent.values()) < options.seconds:
        slack = min(spent, key=spent.get)
        prctl(PR_SET_TIMERSLACK, slack, 0, 0, 0)
        began = time.monotonic()
        tries += 1
        this_try.clear()
        starts.together.clear()
        faulthandler.dump_traceback_later(10, exit=True)
        try:
            body(*arguments)
        except BaseException as error:
            this_try.append("%s: %s" % (type(error).__name__, error))
        faulthandler.cancel_dump_traceback_later()
        spent[slack] += time.monotonic() - began
        failed += bool(this_try)
        raised.update(line[:100] for line in this_try)
    print("%d of %d tries fail" % (failed, tries))
    for message, count in raised.most_common(4):
        print("    %6d  %s" % (count, message))


if __name__ == "__main__":
    main()
