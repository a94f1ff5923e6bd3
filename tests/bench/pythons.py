"""The interpreters that the Python benchmarks run, and the table that they fill."""

import functools
import glob
import os
import subprocess

import base
from base import ROOT, ROW_HEAD, Failed, run, tables

PROGRAMS = os.path.join(ROOT, "tests/bench/targets/python")
CHILD = os.path.join(ROOT, "python/frontrun_pytest/child.py")
MINORS = (11, 12, 13)
rows = []
tables.append(("Python", "Unmodified programs, with the agent. The lines have the columns of the "
               "first table.", list(ROW_HEAD), rows))
row = functools.partial(base.row, into=rows)


class Interpreter:
    def __init__(self, path, version):
        self.path, self.version = path, version
        self.minor = int(version.split(".")[1])

    def has(self, module):
        return subprocess.run([self.path, "-c", f"import {module}"], capture_output=True,
                              check=False).returncode == 0


@functools.lru_cache
def interpreters(build):
    """The system's and pyenv's, one of each minor version for which there is an agent."""
    found = {}
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    for path in ["/usr/bin/python3", *sorted(glob.glob(f"{root}/versions/3.1[0-9]*/bin/python3"))]:
        if not os.path.exists(path):
            continue
        version = run([path, "-c", "import platform; print(platform.python_version())"])[1]
        one = Interpreter(path, version.decode().strip())
        if os.path.exists(os.path.join(build, f"libfrontrun-python3.{one.minor}.so")):
            found.setdefault(one.minor, one)
    if not found:
        raise Failed("no interpreter that an agent was built for")
    return tuple(found[minor] for minor in sorted(found))


def each(b):
    """The interpreters; the versions that are not here are a line of the table, once."""
    return interpreters(b.build)


def program(name):
    return os.path.join(PROGRAMS, name)


def clock(b):
    return os.path.join(b.build, "bench/targets/libclock.so")
