#!/usr/bin/env python3
"""Checks that at each decision the pending operation of every enabled lane is known from the trace.

usage: pending.py TRACE...

Reads what `zstdcat TRACE` prints, nothing of frontrun's own reader. At each "pick" and "next" every
lane in "from" must have a pending operation: its last announced event if that is not done, thread_start
if it has done nothing yet, or, for the lane at whose point a pick is taken, what it announces right
after the decision. What the lane does next must be that operation: kind, object and index in the
lane; a delivered signal and what its handler does may come first, and a cancelled lane may do something
else. Besides: the chosen lane is an enabled one; a new lane that is chosen begins at once; a lane that
is enabled while another one decides does not wait for a lock that a third one took in the meantime
(unless it has a signal to handle; locks shared with other processes are not known to be free).
Prints the numbers of decisions, of pending operations looked at and of signals delivered, and one
line for each fault, at most 20; status 1 if there is any.
"""

import json
import subprocess
import sys

FAULTS_MAX = 20
# Until it is done the operation cannot know its object.
LATE_OBJECT = ("thread_create", "open", "accept")
TAKES = ("mutex_lock", "spin_lock", "rwlock_wrlock")
GIVES = ("mutex_unlock", "spin_unlock", "rwlock_unlock")


class Lane:
    def __init__(self):
        self.k = None  # of the last event line
        self.announced = False  # that line was
        self.object = None
        self.doubts = []  # faults, unless it comes to handle a signal
        self.pending = None  # the event that is announced and not done
        self.begun = False
        self.claims = 0  # decisions that rely on what it does next
        self.interrupted = []  # operations that signal handlers have put off
        self.ended = False


class Check:
    def __init__(self):
        self.lanes = {}
        self.introduced = set()
        self.holders = {}  # object -> lane, and the line where it took it
        self.cancelled = set()  # objects of lanes
        self.faults = []
        self.number = 0
        self.decisions = self.looked_at = self.signals = 0
        self.deciding = None  # a pick whose lane has not announced yet
        self.chosen = None  # the new lane that has to begin next

    def fault(self, text):
        self.faults.append("line %d: %s" % (self.number, text))

    def lane(self, number):
        return self.lanes.setdefault(number, Lane())

    def k_of(self, line, lane):
        """k as the schema derives it."""
        if "k" in line:
            return int(line["k"])
        if lane.k is None:
            return 0
        if "d" in line or not line.get("p"):
            return lane.k if lane.announced else lane.k + 1
        return lane.k + 1

    def appears(self, number):
        if self.chosen not in (None, number):
            self.fault("lane %d was chosen and does not begin" % self.chosen)
        self.chosen = None

    def decision(self, line):
        if self.deciding:
            self.fault("lane %d has decided and announced nothing" % self.deciding[0])
            self.deciding = None
        me = line["l"]
        k = self.k_of(line, self.lane(me))
        self.appears(me)
        if line["d"] not in ("pick", "next"):
            return
        self.decisions += 1
        options = line["from"]
        if line["to"] not in options:
            self.fault("lane %d is chosen and not enabled" % line["to"])
        if line["d"] == "pick" and me not in options:
            self.fault("lane %d picks at its own point and is not enabled" % me)
        for number in options:
            lane = self.lane(number)
            self.looked_at += 1
            lane.claims += 1
            if lane.ended or number not in self.introduced:
                self.fault("lane %d is enabled and does not exist" % number)
            if line["d"] == "pick" and number == me:
                continue
            if lane.pending:
                self.enabled(number, lane.pending)
            elif lane.begun:
                self.fault("what lane %d is about to do is not known" % number)
        if line["d"] == "pick":
            lane = self.lane(me)
            if lane.pending and lane.object not in self.cancelled:
                self.fault("lane %d stands at two operations" % me)
            lane.pending = None
            self.deciding = (me, k)
        if not self.lane(line["to"]).begun:
            self.chosen = line["to"]

    def enabled(self, number, pending):
        holder, since = self.holders.get(pending.get("o"), (number, 0))
        if pending["e"] in TAKES and holder != number and since > pending["line"]:
            text = "lane %d is enabled, lane %d has what it waits for" % (number, holder)
            self.lane(number).doubts.append(text)

    def event(self, line):
        number = line["l"]
        lane = self.lane(number)
        line["k"] = k = self.k_of(line, lane)
        line["line"] = self.number
        if self.deciding:
            if self.deciding != (number, k) or not line.get("p"):
                self.fault("lane %d, k %d has decided and not announced" % self.deciding)
            self.deciding = None
        else:
            self.appears(number)
        if not lane.begun and (line["e"], line.get("p"), k) != ("thread_start", None, 0):
            self.fault("lane %d begins with %s" % (number, line["e"]))
        if not lane.begun:
            lane.begun, lane.object = True, line.get("o")
        lane.k, lane.announced = k, "p" in line
        if line["e"] == "signal":
            if lane.pending:
                lane.interrupted.append(lane.pending)
                lane.pending = None
            self.signals += 1
            lane.doubts.clear()
            return
        for text in lane.doubts:
            self.fault(text)
        lane.doubts.clear()
        before = lane.pending
        if not before and lane.interrupted and self.agrees(lane.interrupted[-1], line):
            lane.interrupted.pop()
        elif before and before["k"] == k and self.agrees(before, line):
            pass
        elif before and lane.object not in self.cancelled:
            self.fault(
                "lane %d was about to do %s on %s at %d, and does %s on %s at %d"
                % (number, before["e"], before.get("o"), before["k"], line["e"], line.get("o"), k)
            )
        if line.get("p"):
            lane.pending = line
            return
        lane.pending, lane.claims = None, 0
        self.done(number, lane, line)

    @staticmethod
    def agrees(pending, line):
        if pending["e"] != line["e"]:
            return False
        return pending.get("o") == line.get("o") or (
            "o" not in pending and line["e"] in LATE_OBJECT
        )

    def done(self, number, lane, line):
        kind = line["e"]
        if kind in TAKES and not line.get("r"):
            self.holders[line["o"]] = number, self.number
        elif kind in GIVES and not line.get("r"):
            self.holders.pop(line["o"], None)
        elif kind in ("cond_wait", "cond_timedwait") and not line.get("r"):
            self.holders.pop(line.get("o2"), None)
        elif kind == "thread_cancel":
            self.cancelled.add(line.get("o"))
        elif kind == "thread_end":
            lane.ended = True
            if lane.interrupted:
                self.fault("lane %d ends before %s" % (number, lane.interrupted[-1]["e"]))

    def end(self):
        for number, lane in self.lanes.items():
            if lane.claims and lane.ended:
                self.fault("lane %d was enabled and does nothing any more" % number)


def check(path):
    what = Check()
    with subprocess.Popen(["zstdcat", "--", path], stdout=subprocess.PIPE) as zstd:
        for text in zstd.stdout:
            what.number += 1
            line = json.loads(text)
            if "d" in line:
                what.decision(line)
            elif "e" in line:
                what.event(line)
            elif "lane" in line:
                what.introduced.add(line["lane"])
            if len(what.faults) >= FAULTS_MAX:
                zstd.kill()
                break
        else:
            what.end()
    if zstd.returncode and not what.faults:
        what.fault("zstdcat failed")
    print("%d decisions, %d pending operations, %d signals" %
          (what.decisions, what.looked_at, what.signals))
    for fault in what.faults:
        print("%s: %s" % (path, fault))
    return 1 if what.faults else 0


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    return max([check(path) for path in sys.argv[1:]])


sys.exit(main())
