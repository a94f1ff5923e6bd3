"""Lines of `make bench` that say what it costs to have a Python program under control."""

import os
import resource
import statistics

from base import Failed, ms, printed, run, section
from pythons import CHILD, clock, each, interpreters, program, row
from searching import fuzz

BARE = 150  # forks of the reference
SCHEDULES = 200
ROUNDS = 5000  # of 20 accesses
OUTSIDE = {"calls": 12000, "loops": 12000}
WRITES_REPLAYED = 200
SHARE = 0.65
OPCODE = 60  # ns


def rate(result):
    return result["schedules"] / (result["timing"]["seconds"] - result["timing"]["boot_seconds"])


def searched(b, command, count, *options, cwd=None):
    result = fuzz(b, command, ["--seed", "1", "--iterations", str(count), *options], cwd=cwd)
    if result["schedules"] != count or result["findings"]:
        raise Failed(f"{' '.join(command)}: {result}")
    return rate(result)


def on_one_cpu(function):
    """A loop of forks is fastest where no CPU has to be looked for."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {max(before)})
        return function()
    finally:
        os.sched_setaffinity(0, before)


@section
def python_schedules(b):
    for python in each(b):
        command = [python.path, program("pair.py")]

        def bare(command=command):
            return on_one_cpu(lambda: printed(run([*command, "--bare", str(BARE)])))

        def ours(gil, command=command):
            return searched(b, command, SCHEDULES, "--gil", gil)

        for text, measure in (("--gil on", lambda: ours("on")), ("--gil off", lambda: ours("off")),
                              ("all on one CPU", lambda: on_one_cpu(lambda: ours("on")))):
            reference, measured, share = b.pairs(bare, measure)
            row(f"{python.version}: schedules a second, {text}", f"{measured:,.0f}",
                f"{reference:,.0f} bare fork and threads", share, f"{SHARE:.2f}", share >= SHARE)


def access_cost(b, python, kind, *options):
    """Nanoseconds of CPU time of an access: (recorded without the agent, with it)."""
    out = b.file("nanoseconds")
    command = [python.path, program("access.py"), clock(b), kind, str(ROUNDS), out]

    def once(*more):
        b.record(command, [*options, *more])
        with open(out, encoding="ascii") as file:
            return float(file.read().splitlines()[-1])

    return b.pairs(lambda: once("--no-agent"), once)[:2]


def search_cost(b, python, kind, count):
    """The same in a search: the median of all runs but the first, which is the profile."""
    out = b.file("nanoseconds")
    if os.path.exists(out):
        os.remove(out)
    command = [python.path, program("access.py"), clock(b), kind, str(ROUNDS), out]
    result = fuzz(b, command, ["--seed", "1", "--strategy", "random", "--iterations", str(count)])
    with open(out, encoding="ascii") as file:
        costs = [float(line) for line in file]
    if len(costs) < count or result["findings"]:
        raise Failed(f"access.py: {len(costs)} of {count} runs: {result}")
    return statistics.median(costs[-count + 1:])


def callback_cost(b, python):
    """What the interpreter takes for an access that is only pointed out, to nobody."""
    return printed(run([python.path, program("callback.py"), clock(b), str(ROUNDS)]))


@section
def python_access(b):
    for python in each(b):
        native, recorded = access_cost(b, python, "shared")
        row(f"{python.version}: access to a shared attribute, recorded, no switch",
            f"{recorded - native:.0f} ns", f"{native:.1f} ns without agent", None, f"{OPCODE} ns",
            recorded - native <= OPCODE)
        for kind, text in (("shared", "the same in a search"),
                           ("private", "of an object of one thread, in a search")):
            cost = search_cost(b, python, kind, 10) - native
            row(f"... {text}", f"{cost:.0f} ns", "", None, f"{OPCODE} ns", cost <= OPCODE)
        row("... of it: an empty callback", f"{callback_cost(b, python):.0f} ns")


@section
def python_outside(b):
    for python in each(b):
        for kind, size in OUTSIDE.items():
            command = [python.path, program("excluded.py"), clock(b), kind, str(size)]
            reference, measured, ratio = b.pairs(
                lambda c=command: printed(run(c)),
                lambda c=command: printed(b.record(c, ["--exclude", "library"])))
            target = 1.5 if python.minor == 11 else 1.05
            row(f"{python.version}: {kind} in code that is not watched", ms(measured),
                f"{ms(reference)} native", ratio, f"{target:.2f}", ratio <= target)


def cpu_seconds(function):
    """CPU time of all processes that it starts and that are waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    function()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@section
def python_alone(b):
    for python in each(b):
        command = [python.path, program("alone.py")]
        native = statistics.median(cpu_seconds(lambda c=command: run(c)) for _ in range(b.runs))
        reference, measured, ratio = b.pairs(
            lambda c=command: cpu_seconds(lambda: b.record(c, ["--no-agent"])),
            lambda c=command: cpu_seconds(lambda: b.record(c)))
        row(f"{python.version}: a script without a second thread, CPU time of record",
            ms(measured), f"{ms(reference)} without agent, {ms(native)} native", ratio, "1.03",
            ratio <= 1.03)


@section
def python_writes(b):
    python = interpreters(b.build)[0]
    command = [python.path, program("writes.py")]
    trace = b.file("writes.zst")
    expected = b.record(command, ["--strategy", "random", "--seed", "3"], trace=trace)[1]
    plain = b"".join(b"%s%d\n" % (name, i) for name in (b"a", b"b") for i in range(12))
    if sorted(expected.split()) != sorted(plain.split()) or expected == plain:
        raise Failed(f"writes.py: lines not interleaved: {expected!r}")
    orders = {b.replay(trace)[1] for _ in range(WRITES_REPLAYED)}
    row(f"{python.version}: orders in {WRITES_REPLAYED} replays of a schedule of os.write",
        str(len(orders)), "86 to 140 in the package of PyPI 0.1.0", None, "1",
        orders == {expected})


@section
def python_tests(b):
    """As the plugin runs one test; its own start, once a test, is not in the rate."""
    for python in each(b):
        if not python.has("pytest"):
            row(f"{python.version}: schedules a second of a pytest test", "pytest is not here",
                target="200")
            continue
        command = [python.path, CHILD, "test_pair.py::test_deposits", "test_pair.py", "-q",
                   "-p", "no:cacheprovider"]
        plain = [python.path, program("pair.py")]
        reference, measured, ratio = b.pairs(
            lambda c=plain: searched(b, c, SCHEDULES),
            lambda c=command: searched(b, c, SCHEDULES, cwd=os.path.dirname(program("pair.py"))))
        row(f"{python.version}: schedules a second of a pytest test", f"{measured:,.0f}",
            f"{reference:,.0f} as a script", ratio, "200", measured >= 200)
