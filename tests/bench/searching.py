"""Searches of the corpus: how one is run, what counts as found, and how many are put together."""

import glob
import hashlib
import json
import math
import os
import statistics
import subprocess

from base import ROOT, Failed

# As they are called in the tables, and the options that choose them.
STRATEGIES = {
    "default": [],
    "random": ["--strategy", "random"],
    "pct 3": ["--strategy", "pct", "-p", "depth=3"],
    "pos": ["--strategy", "pos"],
    "surw": ["--strategy", "surw"],
}
MEMORY_STRATEGIES = ("default", "surw", "pos")
MEMORY_NOT_FOUND = {"safe_stack"}  # not within 10,000 schedules, by any search
BASELINE = "random"
FLAT = ("twostage", "abba_deadlock", "lost_wakeup", "lazy_twice", "torn_read")
FLAT_THREADS = (2, 10, 100)
FLAT_PADDINGS = (0, 1000, 100000)  # events of each thread
TWIN_HEAD = ["program", "schedules", "reports", "distinct hb_hashes", "last new at", "threads"]
MUCH = 20  # schedules of the baseline above which the default has to be three times as good


class Program:
    """A program of the corpus, and what its .expect says."""

    def __init__(self, name):
        with open(os.path.join(ROOT, "corpus", name + ".expect"), encoding="utf-8") as file:
            lines = [line.strip() for line in file if "=" in line and line[0] != "#"]
        self.name = name
        self.expect = dict(line.split("=", 1) for line in lines)
        self.kind = self.expect["kind"]
        self.threads = int(self.expect["threads"])
        self.preemptions = int(self.expect["preemptions"])

    def options(self):
        steps, parameter = self.expect.get("steps"), self.expect.get("parameter")
        return (["--steps", steps] if steps else []) + (["-p", parameter] if parameter else [])

    def is_expected(self, finding):
        kind, failure = finding["kind"], finding["failure"]
        if self.kind == "deadlock":
            return kind in ("deadlock", "stuck")
        if self.kind == "livelock":
            return kind == "livelock"
        if self.kind == "memory":
            return kind == "memory"
        if self.kind == "abort":
            return failure.startswith("signal 6 ")
        name, _, value = self.kind.partition(":")
        return failure.startswith(f"{'signal' if name == 'signal' else 'exit status'} {value}")


def corpus():
    files = sorted(glob.glob(os.path.join(ROOT, "corpus", "*.expect")))
    return [Program(os.path.basename(path)[:-len(".expect")]) for path in files]


def memory_corpus():
    """
    (programs that the search may be tuned on, the third set aside): by nothing but their names. Of
    accesses to memory; those that no search finds are left out.
    """
    files = sorted(glob.glob(os.path.join(ROOT, "corpus", "memory", "*.expect")))
    names = [os.path.basename(path)[:-len(".expect")] for path in files]
    names = [name for name in names if name not in MEMORY_NOT_FOUND]
    by_hash = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    aside = set(by_hash[:len(names) // 3])
    return ([Program(f"memory/{name}") for name in names if name not in aside],
            [Program(f"memory/{name}") for name in names if name in aside])


def fuzz(b, command, options, limit=400, cwd=None):
    """Runs a search; returns its JSON. The statuses of an end that is not its own are errors."""
    line = [b.cli, "fuzz", "--json", "--corpus", "", "-o", b.file("failures"), *options, "--",
            *command]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit,
                          cwd=cwd or b.scratch, check=False)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise Failed(f"{' '.join(line)}: status {done.returncode}: "
                     f"{done.stderr.decode(errors='replace')[-500:]}") from None


def first_failure(b, program, strategy, seed, cap, sizes=(), seconds=None):
    """
    One search up to its first failure. `schedules` is the number of the failing one, or, with
    `found` false, how many were tried: the search was cut off there (censored).
    """
    options = [*STRATEGIES[strategy], *program.options(), "--no-minimise", "--confirm", "0",
               "--seed", str(seed), "--iterations", str(cap)]
    if seconds:
        options += ["--time", str(seconds)]
    if sizes:  # not fewer threads than the bug needs
        sizes = (max(sizes[0], program.threads), *sizes[1:])
    command = [os.path.join(b.build, "corpus", program.name), *map(str, sizes)]
    result = fuzz(b, command, options)
    finding = result["findings"][0] if result["findings"] else None
    if not finding and result["end"] != "budget":
        raise Failed(f"{program.name}, {strategy}, seed {seed}: {result['end']}")
    return {"found": bool(finding), "end": result["end"],
            "expected": bool(finding) and program.is_expected(finding),
            "schedules": finding["schedule"] if finding else result["schedules"],
            "executions": result["executions"], "operations": result["operations"],
            "seconds": result["timing"]["seconds"]}


def twin(b, program, cap, seed=1, seconds=None):
    """Searches the fixed twin, which has no failure."""
    options = [*program.options(), "--keep-going", "--seed", str(seed), "--iterations", str(cap)]
    if seconds:
        options += ["--time", str(seconds)]
    result = fuzz(b, [os.path.join(b.build, "corpus", program.name + "_ok")], options)
    return {key: result[key] for key in ("end", "schedules", "executions", "distinct", "last_new",
                                         "threads", "points")} | {
        "races": result.get("races", []),
        "reports": [finding["failure"] for finding in result["findings"]]}


def median(cells, cap):
    """The median of the schedules; one that was not found counts as the cap."""
    return statistics.median(cell["schedules"] if cell["found"] else cap for cell in cells)


def shown(cells, cap):
    """The median, as `>= cap` where most were not found, with their number where some were."""
    found = sum(cell["found"] for cell in cells)
    value = median(cells, cap)
    text = f"{value:,.0f}" if value < cap else f"≥{cap:,}"
    return text if found == len(cells) else f"{text} ({found}/{len(cells)})"


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def strategy_table(names, cells, cap):
    """
    From cells[name, strategy] = list of first_failure(): (rows of the table, medians by strategy
    and name).
    """
    rows, medians = [], {strategy: {} for strategy in STRATEGIES}
    for name in names:
        for strategy in STRATEGIES:
            medians[strategy][name] = median(cells[name, strategy], cap)
        rows.append([f"`{name}`", *(shown(cells[name, strategy], cap)
                                    for strategy in STRATEGIES)])
    rows.append(["geometric mean of the medians",
                 *(f"{geometric_mean(medians[s].values()):.1f}" for s in STRATEGIES)])
    every = {s: [c for n in names for c in cells[n, s]] for s in STRATEGIES}
    rows.append(["geometric mean of all searches",
                 *(f"{geometric_mean([c['schedules'] if c['found'] else cap for c in every[s]]):.1f}"
                   for s in STRATEGIES)])
    rows.append(["found", *(f"{sum(c['found'] for c in every[s])} of {len(every[s])}"
                            for s in STRATEGIES)])
    return rows, medians


def compare(medians):
    """
    Where the baseline needs MUCH or more: (names, those of them where the default needs more than a
    third). Elsewhere: (geometric mean of the default, of the best single strategy, its name).
    """
    hard = [n for n, value in medians[BASELINE].items() if value >= MUCH]
    missed = [n for n in hard if medians["default"][n] > medians[BASELINE][n] / 3]
    easy = [n for n in medians[BASELINE] if n not in hard]
    if not easy:
        return hard, missed, None
    means = {s: geometric_mean([medians[s][n] for n in easy]) for s in STRATEGIES}
    best = min((s for s in STRATEGIES if s != "default"), key=means.get)
    return hard, missed, (means["default"], means[best], best)


def size_head(sizes):
    return ["program", *(f"{threads} threads" + (f", {padding:,} events of padding" if padding
                                                 else "") for threads, padding in sizes)]


def size_table(names, sizes, cells, cap):
    """From cells[name, size]: (rows of the table, geometric means of the medians by size)."""
    rows = [[f"`{name}`", *(shown(cells[name, size], cap) for size in sizes)] for name in names]
    means = [geometric_mean([median(cells[name, size], cap) for name in names]) for size in sizes]
    rows.append(["geometric mean", *(f"{mean:.1f}" for mean in means)])
    return rows, means


def twin_row(program, cell):
    return [f"`{program.name}_ok`", f"{cell['schedules']:,}", str(len(cell["reports"])),
            f"{cell['distinct']:,}", f"{cell['last_new']:,}", str(cell["threads"])]


def replays_same(b, trace, count, **kw):
    """How many of `count` replays were the same run, with the same failure."""
    done = subprocess.run([b.cli, "replay", "--json", "--count", str(count), trace],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
                          **kw)
    try:
        result = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return 0
    return result["same"] if result["exit_status"] == 1 else 0
