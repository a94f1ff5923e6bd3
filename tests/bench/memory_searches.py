"""Lines and tables of `make bench` about searches of programs that `frontrun cc` has built."""

import os
import statistics

from base import Failed, printed, row, run, section, tables
from memory_costs import compiled
from searching import (FLAT_PADDINGS, FLAT_THREADS, MEMORY_STRATEGIES, TWIN_HEAD, first_failure, fuzz,
                       geometric_mean, memory_corpus, shown, size_head, size_table, twin, twin_row)

SEEDS = range(1, 11)
FLAT_SEEDS = range(1, 4)
CAP = 10000
FLAT_CAP = 1000
TWIN_CAP = 2000
TARGETS = {"surw": 0.7, "pos": 0.5}


def mean(done):
    """Schedules to the failure, over the seeds."""
    return statistics.mean(cell["schedules"] for cell in done)


@section
def memory_search(b):
    tuned, aside = memory_corpus()
    cells = {(p.name, s): [first_failure(b, p, s, seed, CAP) for seed in SEEDS]
             for p in tuned + aside for s in MEMORY_STRATEGIES}
    tables.append(("Memory: schedules to the first failure",
                   f"Median of {len(SEEDS)} seeds, at most {CAP:,}. The last {len(aside)} programs were "
                   "set aside, by a hash of their names, before the search was tuned on the others.",
                   ["program", *MEMORY_STRATEGIES],
                   [[f"`{p.name}`", *(shown(cells[p.name, s], CAP) for s in MEMORY_STRATEGIES)]
                    for p in tuned + aside]))
    for programs, text in ((tuned + aside, ""), (aside, ", set aside")):
        means = {s: geometric_mean([mean(cells[p.name, s]) for p in programs])
                 for s in MEMORY_STRATEGIES}
        for strategy, target in TARGETS.items():
            ratio = means["default"] / means[strategy]
            row(f"schedules to a bug of corpus/memory ({len(programs)} programs{text}), beside "
                f"{strategy}", f"{means['default']:.1f}", f"{means[strategy]:.1f} {strategy}", ratio,
                f"{target:.1f}", ratio <= target)


@section
def memory_flatness(b):
    programs = memory_corpus()[0][::3]
    names = [program.name for program in programs]
    sizes = ([(threads, 0) for threads in FLAT_THREADS]
             + [(FLAT_THREADS[0], padding) for padding in FLAT_PADDINGS[1:]])
    cells = {(p.name, size): [first_failure(b, p, "default", seed, FLAT_CAP, size)
                              for seed in FLAT_SEEDS] for p in programs for size in sizes}
    body, means = size_table(names, sizes, cells, FLAT_CAP)
    tables.append(("Memory: size",
                   f"Schedules to the first failure with the default search, median of "
                   f"{len(FLAT_SEEDS)} seeds, at most {FLAT_CAP:,}; every third program.",
                   size_head(sizes), body))
    row(f"memory: schedules with {FLAT_THREADS[-1]} threads or {FLAT_PADDINGS[-1]:,} events of "
        "padding, geometric mean", f"{max(means[1:]):.1f}", f"{means[0]:.1f} with 2 and 0",
        max(means[1:]) / means[0], "flat: 1.50", max(means[1:]) / means[0] <= 1.5)


@section
def memory_twins(b):
    body, reports, races = [], 0, 0
    for program in sum(memory_corpus(), [])[::3]:
        done = twin(b, program, TWIN_CAP)
        reports += len(done["reports"])
        races += len(done["races"])
        body.append(twin_row(program, done))
    tables.append(("Memory: fixed twins", "Default search, seed 1; every third program.", TWIN_HEAD,
                   body))
    row(f"memory: failures and data races in {len(body)} fixed twins, {TWIN_CAP:,} schedules each",
        f"{reports} and {races}", target="0", reached=reports + races == 0)


@section
def memory_speed(b):
    ours = compiled(b, "four", "bench_four.c", os.path.join(b.build, "frontrun"), "cc")
    bare = compiled(b, "four-bare", "bench_four.c", "gcc")
    points = []

    def searched(options):
        result = fuzz(b, [ours], ["--strategy", "random", "--seed", "1", "--iterations", "2000",
                                  *options])
        if result["schedules"] != 2000 or result["findings"]:
            raise Failed(f"bench_four: {result}")
        points.append(result["points"])
        return 2000 / (result["timing"]["seconds"] - result["timing"]["boot_seconds"])

    for text, options in (("all oracles", []), ("--races off", ["--races", "off"])):
        reference, measured, share = b.pairs(lambda: printed(run([bare, "2000"])),
                                             lambda o=options: searched(o), 2 * b.runs)
        row(f"schedules a second, 4 threads, {max(points)} points at accesses, {text}",
            f"{measured:,.0f}", f"{reference:,.0f} bare fork and threads", share, "0.50",
            share >= 0.5)
