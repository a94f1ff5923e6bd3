#!/usr/bin/env python3
"""The native hammer: runs main() of programs of corpus/python many times, without frontrun, with a
switch interval of a microsecond, and says whether the failure came. It checks the `gil` labels: what
is `on` should be hit, what is `off` never.

    python3.12 tests/hammer.py [--seconds S] [--tries N] [--rounds N] PROGRAM.py...

The interpreter that runs it is the one that is tested. Each program is run in a child process, one
main() after the other. Children differ in how long a thread waits until it asks for the GIL (SLACKS),
and run on one CPU, where the thread that asks runs at once. When no main() ends for HANG seconds, the
switch interval is made long again, since so many switches may be all that a child does; when none
ends then either, that is a deadlock or a livelock. A program whose racing statement is in a loop over
ROUNDS gets --rounds of them, each one a try.

One line for each program. Status 1: a label is wrong (an `off` program failed), or a program failed in
another way than its .expect file says.
"""

import argparse
import ctypes
import importlib.util
import itertools
import mmap
import os
import random
import select
import signal
import struct
import sys
import threading
import time

HANG = 2.0
PR_SET_PDEATHSIG = 1
PR_SET_TIMERSLACK = 29
# Nanoseconds that the kernel adds to the switch interval of a microsecond; 50000 is its default.
SLACKS = [10000, 20000, 5000, 50000]
TRIES = struct.Struct("Q")


def expectation(path):
    """The .expect file of a program; for NAME_ok.py, which may not fail, an empty one."""
    if path.endswith("_ok.py"):
        return {}
    with open(path.removesuffix(".py") + ".expect") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line and line[0] != "#")


def label(expected):
    """`on` or `off` for this interpreter; `none` where it does not have the bug."""
    minor = f"3.{sys.version_info.minor}"
    if not expected or sys.version_info < tuple(map(int, expected.get("since", "3").split("."))):
        return "none"
    return expected.get("gil-" + minor, expected["gil"])


def load(path):
    spec = importlib.util.spec_from_file_location("program", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calm(orders):
    """A thread of the child: waits for the order to make the switch interval long again."""
    os.read(orders, 1)
    sys.setswitchinterval(0.005)


def child(path, rounds, slack, counter, orders, report):
    """Runs main() until it fails; counts the tries in shared memory."""
    os.setsid()
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    failures = []
    threading.excepthook = lambda args: failures.append(args.exc_type.__name__)
    module = load(path)
    step = 1
    if hasattr(module, "ROUNDS"):
        module.ROUNDS = step = rounds
    sys.setswitchinterval(1e-6)
    libc.prctl(PR_SET_TIMERSLACK, slack, 0, 0, 0)
    os.sched_setaffinity(0, {random.choice(list(os.sched_getaffinity(0)))})
    threading.Thread(target=calm, args=(orders,), daemon=True).start()
    while not failures:
        try:
            module.main()
        except BaseException as error:
            failures.append(type(error).__name__)
        TRIES.pack_into(counter, 0, TRIES.unpack_from(counter)[0] + step)
    os.write(report, failures[0].encode())
    os._exit(1)


class Hammer:
    def __init__(self, path, options):
        self.path = path
        self.deadline = time.monotonic() + options.seconds
        self.rounds = options.rounds
        self.tries = options.tries
        self.counter = mmap.mmap(-1, mmap.PAGESIZE)

    def done(self):
        return TRIES.unpack_from(self.counter)[0]

    def run(self, slack, until):
        """One child, until it fails (the name of the exception or "hang") or the time is over."""
        reading, report = os.pipe()
        orders, ordering = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(self.path, self.rounds, slack, self.counter, orders, report)
        os.close(report)
        os.close(orders)
        last, since, calmed, failure = self.done(), time.monotonic(), False, None
        while failure is None:
            now = time.monotonic()
            if select.select([reading], [], [], 0.05)[0]:
                failure = os.read(reading, 100).decode() or "died"
            elif self.done() != last:
                # Stopped only where it is seen to go on: what stands still may be a deadlock.
                if calmed or now >= until or self.done() >= self.tries:
                    break
                last, since = self.done(), now
            elif now - since > HANG:
                if calmed:
                    failure = "hang"
                os.write(ordering, b"c")
                calmed, since = True, now
        os.close(reading)
        os.close(ordering)
        # Its session, for the processes that a program has forked.
        for kill, target in ((os.killpg, pid), (os.kill, pid)):
            try:
                kill(target, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.waitpid(pid, 0)
        return failure

    def strike(self):
        """Children of all slacks in turn, for longer and longer, until one fails."""
        slice_, slacks = 1.0, itertools.cycle(SLACKS)
        while time.monotonic() < self.deadline and self.done() < self.tries:
            failure = self.run(next(slacks), min(self.deadline, time.monotonic() + slice_))
            if failure:
                return failure
            slice_ *= 1.1
        return None


def wanted(expected):
    """The failure that the .expect file names."""
    return "hang" if expected["kind"] in ("deadlock", "livelock") else expected["error"]


def main():
    parser = argparse.ArgumentParser(description="Run corpus programs natively, many times.")
    parser.add_argument("--seconds", type=float, default=10, help="for each program")
    parser.add_argument("--tries", type=int, default=10**9, help="for each program, at most")
    parser.add_argument("--rounds", type=int, default=1000, help="tries in one main(), if it loops")
    parser.add_argument("programs", nargs="+", metavar="PROGRAM.py")
    options = parser.parse_args()
    wrong = False
    version = ".".join(map(str, sys.version_info[:3]))
    for path in options.programs:
        expected = expectation(path)
        gil = label(expected)
        hammer = Hammer(path, options)
        began = time.monotonic()
        failure = hammer.strike()
        seconds = time.monotonic() - began
        verdict = "as labelled"
        if failure and (gil != "on" or failure != wanted(expected)):
            verdict = "WRONG"
            wrong = True
        elif not failure and gil == "on":
            verdict = "not hit"
        name = os.path.basename(path).removesuffix(".py")
        print(f"{name} {version} gil={gil}: {failure or 'no failure'} after {hammer.done()} tries, "
              f"{seconds:.1f} s: {verdict}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
