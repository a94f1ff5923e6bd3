"""Options, ini values and the marker, which both sides of a suite know.

    per_test(item)      what is to be done with this test
"""

import pytest

ITERATIONS = 200
SECONDS = 2.0
MOST = 1000000000
MARKER = (
    "frontrun(iterations=N, time=SECONDS): explore this test with so many schedules, for so long; "
    "it fails where that is not possible. iterations=0: do not explore it."
)


def add_options(parser):
    group = parser.getgroup("frontrun", "schedules of threads (frontrun)")

    def add(name, text, **more):
        destination = "frontrun_" + name.replace("-", "_")
        group.addoption("--frontrun-" + name, dest=destination, help=text, **more)

    add(
        "iterations",
        "schedules for each test that starts threads (default %d; 0: explore none)" % ITERATIONS,
        type=int,
        metavar="N",
    )
    add(
        "time",
        "seconds for each test that starts threads (default %g; 0: no limit)" % SECONDS,
        type=float,
        metavar="SECONDS",
    )
    add("seed", "seed of each search (default: made from the test's name)", type=int, metavar="N")
    add(
        "fail-on",
        "which findings fail a test (default can-happen: those possible with this interpreter's "
        "GIL)",
        choices=("can-happen", "any"),
    )
    add(
        "gil",
        "where to switch: as with this interpreter's GIL, as without one, or first the one, then "
        "the other (default)",
        choices=("auto", "on", "off"),
    )
    add("output", "folder for traces of failures (default frontrun-failures)", metavar="DIR")
    add(
        "option",
        "further option of frontrun fuzz, as --frontrun-option=--time-limit=60",
        action="append",
        default=[],
        metavar="OPTION",
    )
    parser.addini("frontrun_iterations", "default of --frontrun-iterations")
    parser.addini("frontrun_time", "default of --frontrun-time")
    parser.addini("frontrun_fail_on", "default of --frontrun-fail-on")


def _number(config, name, convert, default):
    value = config.getoption("frontrun_" + name)
    where = "--frontrun-" + name
    if value is None:
        where = "frontrun_" + name
        value = config.getini(where) or default
    return checked(where, value, convert)


def checked(where, value, convert):
    try:
        number = convert(value)
    except (TypeError, ValueError):
        raise pytest.UsageError("%s takes a number, not %r" % (where, value))
    if isinstance(value, bool) or not 0 <= number <= MOST:
        raise pytest.UsageError("%s takes a number from 0 to %d, not %r" % (where, MOST, value))
    return number


def fail_on(config):
    word = config.getoption("frontrun_fail_on") or config.getini("frontrun_fail_on")
    if word not in ("", None, "can-happen", "any"):
        raise pytest.UsageError("frontrun_fail_on takes can-happen or any, not %r" % word)
    return word or "can-happen"


class PerTest:
    """iterations, seconds, and whether somebody asked for just this test (marked)."""

    def __init__(self, config):
        self.iterations = _number(config, "iterations", int, ITERATIONS)
        self.seconds = _number(config, "time", float, SECONDS)
        self.marked = False


def per_test(item):
    """Raises pytest.UsageError for a marker that says nothing sensible."""
    settings = PerTest(item.config)
    marks = list(item.iter_markers("frontrun"))
    for mark in reversed(marks):  # the nearest one last
        if mark.args:
            raise pytest.UsageError("the marker frontrun takes its values by name: iterations=N")
        for key, value in mark.kwargs.items():
            if key == "iterations":
                settings.iterations = checked("the marker's iterations", value, int)
            elif key == "time":
                settings.seconds = checked("the marker's time", value, float)
            else:
                raise pytest.UsageError(
                    "the marker frontrun knows iterations and time, not %s" % key
                )
    settings.marked = bool(marks) and settings.iterations > 0
    return settings
