"""Lines of `make bench` about accesses to memory of programs that `frontrun cc` has built."""

import glob
import hashlib
import math
import os
import statistics

from base import ROOT, printed, row, run, section
from searching import fuzz

ACCESSES = {"private": 20000000, "shared": 400000}
SEEDS = 5
CORPUS = os.path.join(ROOT, "corpus", "memory")
NOT_FOUND = {"safe_stack"}  # not within 10,000 schedules, by any search


def compiled(b, name, *command):
    program = b.file(name)
    run([*command, "-O1", "-g", "-pthread", "-D_GNU_SOURCE=", "-I", ROOT, "-o", program,
         os.path.join(ROOT, "tests/bench/targets/memory/bench_access.c")])
    return program


@section
def memory_access(b):
    ours = compiled(b, "access", os.path.join(b.build, "frontrun"), "cc")
    theirs = compiled(b, "access-tsan", "gcc", "-fsanitize=thread")
    for text, kind, options, target in (
            ("filtered access, --races off", "private", ["--races", "off"], 6),
            ("filtered access, all oracles", "private", [], 15),
            ("access that is a point and goes on", "shared", [], None)):
        arguments = [kind, str(ACCESSES[kind])]

        def recorded(options=options, arguments=arguments):
            return printed(b.record([ours, *arguments], options))

        reference, measured, ratio = b.pairs(lambda: printed(run([theirs, *arguments])), recorded)
        row(text, f"{measured:.1f} ns", f"{reference:.1f} ns libtsan", ratio,
            f"{target} ns" if target else "", target and measured <= target)


def corpus_names():
    """(names that a search may be tuned on, names set aside): by nothing but the names."""
    names = [os.path.basename(path)[:-len(".expect")]
             for path in sorted(glob.glob(os.path.join(CORPUS, "*.expect")))]
    names = [name for name in names if name not in NOT_FOUND]
    by_hash = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    aside = set(by_hash[:len(names) // 3])
    return [name for name in names if name not in aside], sorted(aside)


def schedules(b, name, *options):
    """Mean number of schedules to the failure over the seeds."""
    counts = []
    for seed in range(1, SEEDS + 1):
        result = fuzz(b, [os.path.join(b.build, "corpus/memory", name)],
                      ["--seed", str(seed), "--iterations", "10000", "--no-minimise", "--confirm", "0",
                       *options])
        counts.append(result["schedules"])
    return statistics.mean(counts)


@section
def memory_search(b):
    names = [os.path.basename(path)[:-len(".expect")]
             for path in sorted(glob.glob(os.path.join(CORPUS, "*.expect")))]
    names = [name for name in names if name not in NOT_FOUND]

    def mean(*options):
        return math.exp(statistics.mean(math.log(schedules(b, name, *options)) for name in names))

    ours = mean()
    for strategy, target in (("surw", 0.7), ("pos", 0.5)):
        theirs = mean("--strategy", strategy)
        row(f"schedules to a bug of corpus/memory ({len(names)} programs), beside {strategy}",
            f"{ours:.1f}", f"{theirs:.1f} {strategy}", ours / theirs, f"{target:.1f}",
            ours / theirs <= target)
