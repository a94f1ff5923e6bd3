"""The package of PyPI that has our name, beside us: the same small cases, in the same run."""

import json
import os
import statistics
import subprocess

from base import Failed, run, section
from pythons import each, program, row
from python_costs import rate
from searching import fuzz

COUNT = 200
SEEDS = 3
MINORS = (11, 12)
INSTALL_SECONDS = 120


def installed(b, python):
    """The directory where it is for this interpreter; None: it could not be installed."""
    place = os.path.join(b.build, "peer", f"3.{python.minor}")
    if os.path.exists(os.path.join(place, "bin/frontrun")):
        return place
    if not python.has("pip"):
        return None
    try:
        done = subprocess.run([python.path, "-m", "pip", "install", "--quiet", "--target", place,
                               "frontrun"], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    return place if done.returncode == 0 else None


def theirs(place, python, case, strategy, seed=1):
    """By its own command, in a process of its own."""
    environment = dict(os.environ, PYTHONPATH=place, PYTHONDONTWRITEBYTECODE="1")
    return json.loads(run([os.path.join(place, "bin/frontrun"), python.path, program("peer.py"),
                           case, strategy, str(COUNT), str(seed)], env=environment)[1])


def ours(b, python, case, seed=1):
    return fuzz(b, [python.path, program("cases.py"), case],
                ["--iterations", str(COUNT), "--seed", str(seed), "--no-minimise", "--confirm", "0"])


def their_finding(results):
    found = sorted({result["found"] for result in results} - {""})
    count = sum(bool(result["found"]) for result in results)
    if not count:
        return f"0 of {len(results)}"
    schedules = statistics.median(r["explored"] for r in results if r["found"])
    return f"{count} of {len(results)} ({schedules:.0f} schedules, {' and '.join(found)})"


def our_finding(results):
    found = [result["findings"][0] for result in results if result["findings"]]
    if not found:
        return f"0 of {len(results)}"
    kinds = sorted({finding["failure"] for finding in found})
    schedules = statistics.median(finding["schedule"] for finding in found)
    return f"{len(found)} of {len(results)} ({schedules:.0f} schedules, {' and '.join(kinds)})"


def compare(b, python, place):
    version = run([python.path, "-c", "from importlib.metadata import version; "
                   "print(version('frontrun'))"], env=dict(os.environ, PYTHONPATH=place))[1]
    other = f"package {version.decode().strip()}"

    def their_rate():
        result = theirs(place, python, "counter", "random")
        if result["found"] or result["explored"] != COUNT:
            raise Failed(f"locked counter, {other}: {result}")
        return result["explored"] / result["seconds"]

    def our_rate():
        result = ours(b, python, "counter")
        if result["findings"] or result["schedules"] != COUNT:
            raise Failed(f"locked counter: {result}")
        return rate(result)

    reference, measured, ratio = b.pairs(their_rate, our_rate)
    row(f"{python.version}: schedules a second, locked counter", f"{measured:,.0f}",
        f"{reference:,.0f} {other}, random, in one process", ratio)
    exhaustive = theirs(place, python, "counter", "dpor")
    row("... until it says that there are no more", "no claim",
        f"{exhaustive['explored']} {other}, DPOR")
    for case, text in (("bank", "transfers without a lock"), ("deadlock", "two locks, two orders")):
        seeds = range(1, SEEDS + 1)
        found = [ours(b, python, case, seed) for seed in seeds]
        for strategy in ("random", "dpor"):
            results = [theirs(place, python, case, strategy, seed)
                       for seed in (seeds if strategy == "random" else (1,))]
            row(f"{python.version}: {text}, found", our_finding(found),
                f"{their_finding(results)} {other}, {strategy}")


@section
def python_peer(b):
    for python in each(b):
        if python.minor not in MINORS:
            continue
        place = installed(b, python)
        if place:
            compare(b, python, place)
        else:
            row(f"{python.version}: the package of PyPI", "cannot be installed here")
