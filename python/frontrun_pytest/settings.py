"""Options, ini values and the marker, which both sides of a suite know.

    per_test(item)      what is to be done with this test
"""

import pytest

from frontrun_pytest import options

MARKER = (
    "frontrun(iterations=N, time=SECONDS): explore this test with so many schedules, for so long; "
    "it fails where that is not possible. iterations=0: do not explore it."
)


def add_options(parser):
    options.add(parser.getgroup("frontrun", "schedules of threads (frontrun)").addoption)
    parser.addini("frontrun_iterations", "default of --frontrun-iterations")
    parser.addini("frontrun_time", "default of --frontrun-time")
    parser.addini("frontrun_fail_on", "default of --frontrun-fail-on")


def checked(where, value, convert):
    try:
        return options.number(where, value, convert)
    except ValueError as error:
        raise pytest.UsageError(str(error))


def _number(config, name, convert, default):
    value = config.getoption("frontrun_" + name)
    where = "--frontrun-" + name
    if value is None:
        where = "frontrun_" + name
        value = config.getini(where) or default
    return checked(where, value, convert)


def fail_on(config):
    word = config.getoption("frontrun_fail_on") or config.getini("frontrun_fail_on")
    if word not in ("", None, "can-happen", "any"):
        raise pytest.UsageError("frontrun_fail_on takes can-happen or any, not %r" % word)
    return word or "can-happen"


class PerTest:
    """iterations, seconds, and whether somebody asked for just this test (marked)."""

    def __init__(self, config):
        self.iterations = _number(config, "iterations", int, options.ITERATIONS)
        self.seconds = _number(config, "time", float, options.SECONDS)
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
