"""One test under `frontrun fuzz`: starts it, reads what it says, tells the story.

    outcome = explore(search, "tests/test_a.py::test_x", [python, "child.py", ...])
    outcome.finding     the JSON object of what it found, or None
    outcome.trouble     why the test could not be explored, or None

Nothing of pytest or unittest is in here.
"""

import glob
import json
import os
import re
import subprocess
import sys
import textwrap
import zlib

NAME_MAX = 120
FEW_POINTS = 20  # of fuzz/report.c
STORY_WIDTH = 80
PASSED, FOUND, USAGE = 0, 1, 2  # statuses of frontrun fuzz


class Search:
    """What is the same for each test of a suite."""

    def __init__(self, program, directory, output, environment):
        self.program = program  # the CLI
        self.directory = directory  # working directory
        self.output = output  # where traces go
        self.environment = environment
        self.seed = None
        self.fail_on = "can-happen"
        self.gil = None
        self.options = []  # further ones of frontrun fuzz
        # Folders of code that is no part of what is tested, wherever it is installed.
        self.frameworks = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]


class UsageError(Exception):
    """The search does not know what was asked for: no test of this suite can be explored."""


class Outcome:
    def __init__(self):
        self.schedules = 0
        self.threads = 0
        self.points = 0
        self.finding = None
        self.only_without_gil = None  # a finding that is none here
        self.trouble = None
        self.warning = None
        self.story = ""
        self.seconds = 0.0


def trace_name(test):
    """A file name that says which test it was."""
    name = re.sub(r"[^A-Za-z0-9_.,+=@\[\]-]", "_", test.replace("::", "-").replace("/", "_"))
    name = name.lstrip("-.") or "test"
    if len(name) > NAME_MAX:
        name = "%s-%08x" % (name[:NAME_MAX], zlib.crc32(test.encode("utf-8", "surrogatepass")))
    return name


def _run(search, arguments):
    """Status, stdout and stderr. What interrupts us ends the child first, so nothing is left."""
    child = subprocess.Popen(
        [search.program] + arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=search.directory,
        env=search.environment,
    )
    try:
        out, err = child.communicate()
    except BaseException:
        child.terminate()
        try:
            child.communicate()
        finally:
            child.kill()  # where even that was interrupted
        raise
    return child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _ours(errors):
    """The CLI's own lines, without what it says while it works."""
    ours = re.findall(r"^frontrun: (.*)$", errors, re.MULTILINE)
    return [
        line for line in ours if not re.match(r"[\d,]+ schedules, |schedule [\d,]+ fails: ", line)
    ]


def _trouble(said, errors, status):
    """Why there is no verdict on this test; None when there is one."""
    how = ": ".join(part for part in (said.get("failure"), said.get("message")) if part)
    if said.get("end") == "fails always":
        return "under the scheduler it fails in every schedule: " + how
    if said.get("end") == "interrupted":
        return "the search was interrupted"
    if status in (PASSED, FOUND):
        return None
    why = said.get("error") or said.get("inconclusive") or "; ".join(_ours(errors))
    why = why or "frontrun fuzz ended with status %d" % status
    return "%s (%s)" % (why, how) if how else why


def _section(story, heading):
    """Cuts the section with this heading out of a story: (its lines, the rest)."""
    before, found, after = story.partition("\n%s\n" % heading)
    lines = after.split("\n")
    n = 0
    while n < len(lines) and (not lines[n] or lines[n].startswith("  ")):
        if lines[n].startswith("  replay:"):
            break
        n += 1
    if not found:
        return "", story
    section = textwrap.dedent("\n".join(lines[:n])).strip("\n")
    return section, before + "\n" + "\n".join(lines[n:])


def _story(search, finding):
    """The story as `explain` tells it, below what the test itself said in that schedule."""
    path = finding.get("trace")
    if not path:
        words = (finding.get("failure"), finding.get("message"))
        why = "No trace could be kept: %s" % finding.get("reason")
        return "\n".join([word for word in words if word] + [why]) + "\n"
    _, story, errors = _run(search, ["explain", "--no-pager", "--width", str(STORY_WIDTH), path])
    if not story:
        return "\n".join(_ours(errors)) + "\n"
    said, story = _section(story, "Its last words on standard error:")
    _, story = _section(story, "The last events of each thread:")
    story = re.sub(r"\n\n+", "\n\n", story).strip("\n")
    confirmed, runs = finding.get("confirmed", 0), finding.get("runs", 0)
    if confirmed != runs:
        story += "\nUnstable: %d of %d replays failed in the same way; %s." % (
            confirmed,
            runs,
            finding.get("reason"),
        )
    return (said + "\n\n" if said else "") + story + "\n"


def _arguments(search, test, iterations, seconds):
    seed = search.seed
    if seed is None:
        seed = zlib.crc32(test.encode("utf-8", "surrogatepass"))
    arguments = ["fuzz", "--json", "--color", "never", "--die-with-parent", "--corpus", ""]
    arguments += ["--output", search.output, "--name", trace_name(test)]
    arguments += ["--seed", str(seed), "--iterations", str(iterations)]
    if seconds:  # 0: no limit
        arguments += ["--time", "%g" % seconds]
    if search.gil:
        arguments += ["--gil", search.gil]
    for folder in search.frameworks:
        arguments += ["--exclude", glob.escape(folder) + "/*"]
    return arguments + ["--fail-on", search.fail_on] + search.options


def explore(search, test, command, iterations, seconds):
    """Blocks until the search is over. `command` is the child's."""
    outcome = Outcome()
    status, out, errors = _run(
        search, _arguments(search, test, iterations, seconds) + ["--"] + command
    )
    if status == USAGE:
        raise UsageError("; ".join(_ours(errors)))
    try:
        said = json.loads(out)
    except ValueError:
        outcome.trouble = "; ".join(_ours(errors)) or "frontrun fuzz ended with status %d" % status
        return outcome
    outcome.schedules = said.get("schedules", 0)
    outcome.threads = said.get("threads", 0)
    outcome.points = said.get("points", 0)
    outcome.seconds = said.get("timing", {}).get("seconds", 0.0)
    for finding in said.get("findings", []):
        if finding.get("known"):
            continue
        if finding.get("gil") == "off" and search.fail_on == "can-happen":
            outcome.only_without_gil = outcome.only_without_gil or finding
        else:
            outcome.finding = outcome.finding or finding
    if outcome.finding:
        outcome.story = _story(search, outcome.finding)
        return outcome
    outcome.trouble = _trouble(said, errors, status)
    if not outcome.trouble and said.get("uncontrolled"):
        outcome.warning = "in %d of %d schedules something was not under control: %s" % (
            said["uncontrolled"],
            outcome.schedules,
            said.get("note"),
        )
    return outcome


def python_command():
    """This interpreter, with the flags that it was given."""
    return [sys.executable] + subprocess._args_from_interpreter_flags()
