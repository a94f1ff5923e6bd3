"""The lines and tables of `make bench` that are about `frontrun fuzz`: a subset of bench-full."""

import os
import statistics
import subprocess
import time

from base import CPUS, Failed, ms, row, run, section, tables
from searching import (BASELINE, FLAT, FLAT_PADDINGS, FLAT_THREADS, MUCH, STRATEGIES, TWIN_HEAD,
                       compare, corpus, first_failure, fuzz, replays_same, size_head, size_table,
                       strategy_table, twin, twin_row)

SEEDS = range(1, 6)
CAP = 1000
TWIN_CAP = 2000
REPLAYS = 20
FLAT_SEEDS = range(1, 4)


@section
def first_failures(b):
    programs, executions = corpus(), 0
    names, cells, wrong = [program.name for program in programs], {}, []
    for program in programs:
        for strategy in STRATEGIES:
            done = [first_failure(b, program, strategy, seed, CAP) for seed in SEEDS]
            cells[program.name, strategy] = done
            executions += sum(cell["executions"] for cell in done)
            wrong += [f"{program.name} ({strategy})" for cell in done
                      if cell["found"] and not cell["expected"]]
    body, medians = strategy_table(names, cells, CAP)
    tables.append(("Schedules to the first failure",
                   f"Median of {len(SEEDS)} seeds, at most {CAP:,} schedules each; `(k/{len(SEEDS)})`: "
                   f"found in k of them, the others count as {CAP:,}. "
                   f"{executions:,} executions.", ["program", *STRATEGIES], body))
    total = [cell for name in names for cell in cells[name, "default"]]
    found = sum(cell["found"] for cell in total)
    row(f"corpus bugs found within {CAP:,} schedules, {len(SEEDS)} seeds", f"{found} of {len(total)}",
        target=f"{len(total)}", reached=found == len(total))
    row("failures of another kind than expected", f"{len(wrong)} {' '.join(wrong[:3])}".strip(),
        target="0", reached=not wrong)
    hard, missed, easy = compare(medians)
    row(f"default at most a third of {BASELINE}, where that needs {MUCH} or more",
        f"{len(hard) - len(missed)} of {len(hard)}"
        + (f" (not {', '.join(missed)})" if missed else ""),
        target=f"{len(hard)}", reached=not missed)
    if easy:
        default, best, name = easy
        row(f"geometric mean elsewhere ({len(names) - len(hard)} programs)", f"{default:.1f}",
            f"{best:.1f} {name}, the best", default / best, "1.05", default / best <= 1.05)


@section
def flatness(b):
    sizes = ([(threads, 0) for threads in FLAT_THREADS]
             + [(FLAT_THREADS[0], padding) for padding in FLAT_PADDINGS[1:]])
    cells = {(program.name, size): [first_failure(b, program, "default", seed, CAP, size)
                                    for seed in FLAT_SEEDS]
             for program in corpus() if program.name in FLAT for size in sizes}
    body, means = size_table(FLAT, sizes, cells, CAP)
    executions = sum(cell["executions"] for done in cells.values() for cell in done)
    tables.append(("Size",
                   f"Schedules to the first failure with the default search, median of "
                   f"{len(FLAT_SEEDS)} seeds, at most {CAP:,}. {executions:,} executions.",
                   size_head(sizes), body))
    row(f"schedules with {FLAT_THREADS[-1]} threads or {FLAT_PADDINGS[-1]:,} events of padding, "
        "geometric mean", f"{max(means[1:]):.1f}", f"{means[0]:.1f} with 2 and 0",
        max(means[1:]) / means[0], "flat: 1.50", max(means[1:]) / means[0] <= 1.5)


@section
def twins(b):
    body, reports, executions = [], 0, 0
    for program in corpus()[::3]:
        done = twin(b, program, TWIN_CAP)
        reports += len(done["reports"])
        executions += done["executions"]
        body.append(twin_row(program, done))
    tables.append(("Fixed twins",
                   f"Default search, seed 1; every third program of the corpus (`make bench-full`: "
                   f"all). A small number of distinct orders whose last was new long ago is a "
                   f"program with few orders. {executions:,} executions.",
                   TWIN_HEAD, body))
    row(f"reports in {len(body)} fixed twins, {TWIN_CAP:,} schedules each", str(reports),
        target="0", reached=reports == 0)


def rate(result):
    return result["schedules"] / (result["timing"]["seconds"] - result["timing"]["boot_seconds"])


@section
def speed(b):
    program = [b.bench_target("bench_pair")]

    def searched(count, *options):
        result = fuzz(b, program, ["--strategy", BASELINE, "--seed", "1", "--iterations",
                                   str(count), *options])
        if result["schedules"] != count or result["findings"]:
            raise Failed(f"bench_pair: {result}")
        return rate(result)

    def alone():
        """One worker, on each of the CPUs of two in turn: others may be busy on one of them."""
        before = os.sched_getaffinity(0)
        rates = []
        try:
            for cpu in sorted(before)[-2:]:
                os.sched_setaffinity(0, {cpu})
                rates.append(searched(1500))
        finally:
            os.sched_setaffinity(0, before)
        return statistics.fmean(rates)

    def bare():
        return float(run([*program, "2000"])[1])

    reference, measured, share = b.pairs(bare, lambda: searched(2000), 2 * b.runs)
    row("schedules a second, 2 threads that lock once", f"{measured:,.0f}",
        f"{reference:,.0f} bare fork and threads", share, "0.50", share >= 0.5)
    if CPUS > 1:
        one, two, ratio = b.pairs(alone, lambda: searched(6000, "-j", "2"), 2 * b.runs)
        row("... with -j 2", f"{two:,.0f}", f"{one:,.0f} with -j 1, either CPU", ratio, "1.7",
            ratio >= 1.7)
    forked, whole, ratio = b.pairs(lambda: searched(1000), lambda: searched(100, "--exec"))
    row("... with --exec", f"{whole:,.0f}", f"{forked:,.0f} by fork", ratio)


def stories(b):
    """The whole way to a story for each program: {name: (wall, seconds without the rest, JSON)}."""
    result = {}
    for program in corpus():
        command = [os.path.join(b.build, "corpus", program.name)]
        options = [*program.options(), "--seed", "1"]
        quick = fuzz(b, command, [*options, "--no-minimise", "--confirm", "0", "-o",
                                  b.file("quick")])
        begin = time.monotonic()
        whole = fuzz(b, command, options)
        wall = time.monotonic() - begin
        if not whole["findings"]:
            raise Failed(f"{program.name}: nothing found")
        result[program] = (wall, max(0, wall - quick["timing"]["seconds"]), whole["findings"][0])
    return result


@section
def findings(b):
    done = stories(b)
    walls = {program: wall for program, (wall, _, _) in done.items() if program.preemptions <= 1}
    slowest = max(walls, key=walls.get)
    row(f"start to story, the {len(walls)} bugs of depth 1", ms(statistics.median(walls.values())),
        f"slowest {ms(walls[slowest])} ({slowest.name})", None, "1,000 ms, each",
        walls[slowest] < 1)
    rests = {program: rest for program, (_, rest, _) in done.items()}
    slowest = max(rests, key=rests.get)
    row(f"minimise, confirm and story, {len(rests)} bugs", ms(statistics.median(rests.values())),
        f"slowest {ms(rests[slowest])} ({slowest.name})", None, "10,000 ms, each",
        rests[slowest] < 10)
    few = [p for p, (_, _, finding) in done.items() if finding["preemptions"] == p.preemptions]
    others = [f"{p.name} {finding['preemptions']} for {p.preemptions}"
              for p, (_, _, finding) in done.items() if p not in few]
    row("minimised to the fewest preemptions", f"{len(few)} of {len(done)}"
        + (f" (not {', '.join(others)})" if others else ""), target="9 of 10",
        reached=len(few) >= 0.9 * len(done))
    confirmed = [p.name for p, (_, _, f) in done.items() if f["confirmed"] != f["runs"]]
    row("confirmed in each of 10 fresh processes", f"{len(done) - len(confirmed)} of {len(done)}"
        + (f" (not {', '.join(confirmed)})" if confirmed else ""), target=str(len(done)),
        reached=not confirmed)
    place = b.file("elsewhere/" + "d" * 100)
    os.makedirs(place, exist_ok=True)
    environment = dict(os.environ, BENCH_PADDING="x" * 12345)
    bad = []
    with subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) as hog:
        try:
            for program, (_, _, finding) in done.items():
                same = replays_same(b, finding["trace"], REPLAYS, cwd=place, env=environment)
                if same != REPLAYS:
                    bad.append(f"{program.name} {same}")
        finally:
            hog.kill()
    row(f"findings that replay {REPLAYS} of {REPLAYS} times, elsewhere, beside a CPU hog",
        f"{len(done) - len(bad)} of {len(done)}" + (f" (not {', '.join(bad)})" if bad else ""),
        target=str(len(done)), reached=not bad)
