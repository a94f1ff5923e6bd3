"""Lines and tables of `make bench` about the Python programs of the corpus."""

import concurrent.futures
import glob
import os
import queue

from base import CPUS, ROOT, Failed, section, tables
from pythons import interpreters, row
from searching import Program, fuzz, geometric_mean, shown

SEEDS = 3
TWIN_CAP = 200
REPLAYS = 10
DIRECTORY = "python"


class PythonProgram(Program):
    def __init__(self, name, pythons):
        super().__init__(os.path.join(DIRECTORY, name))
        since = int(self.expect.get("since", "3.0").split(".")[1])
        fit = [python for python in pythons if python.minor >= since]
        self.python = fit[0] if fit else None  # the system's, if it has the bug
        self.title = name
        self.cap = int(self.expect["budget"])

    def command(self, suffix=""):
        return [self.python.path, os.path.join(ROOT, "corpus", self.name + suffix + ".py")]

    def gil(self):
        return self.expect.get(f"gil-3.{self.python.minor}", self.expect["gil"])

    def is_expected(self, finding):
        """Also the exception, which is the last line of what it said."""
        error = self.expect.get("error")
        said = finding.get("message", "").partition(":")[0].rpartition(".")[2]
        if self.kind == "exception":
            return finding["kind"] == "exception" and said == error
        return super().is_expected(finding) and (not error or said == error)


def python_corpus_programs(b):
    """All programs for which there is an interpreter."""
    files = sorted(glob.glob(os.path.join(ROOT, "corpus", DIRECTORY, "*.expect")))
    every = [PythonProgram(os.path.basename(path)[:-len(".expect")], interpreters(b.build))
             for path in files]
    return [program for program in every if program.python]


def search(b, program, seed, replays, seconds=None):
    """One search to its first failure; if there are to be replays, with minimising and the story."""
    options = [*program.options(), "--seed", str(seed), "--iterations", str(program.cap)]
    options += ["--confirm", str(replays)] + ([] if replays else ["--no-minimise"])
    options += ["--time", str(seconds)] if seconds else []
    result = fuzz(b, program.command(), [*options, "-o", b.file(f"failures-{program.title}-{seed}")])
    finding = result["findings"][0] if result["findings"] else None
    if not finding and result["end"] != "budget":
        raise Failed(f"{program.title}, seed {seed}: {result['end']}: {result.get('error', '')}")
    cell = {"found": bool(finding), "expected": bool(finding) and program.is_expected(finding),
            "schedules": finding["schedule"] if finding else result["schedules"],
            "executions": result["executions"], "seconds": result["timing"]["seconds"]}
    if finding:
        cell |= {"gil": finding.get("gil"), "pattern": finding.get("pattern", "none"),
                 "confirmed": finding["confirmed"], "failure": finding["failure"]}
    return cell


def twin(b, program, cap, seconds=None):
    options = [*program.options(), "--keep-going", "--confirm", "0", "--seed", "1", "--iterations",
               str(cap), "-o", b.file(f"failures-{program.title}-twin")]
    options += ["--time", str(seconds)] if seconds else []
    result = fuzz(b, program.command("_ok"), options)
    if result["schedules"] < cap and not seconds and not result["findings"]:
        raise Failed(f"{program.title}_ok: {result['end']} after {result['schedules']} schedules")
    return {key: result[key] for key in ("end", "schedules", "executions", "distinct")} | {
        "reports": [finding["failure"] for finding in result["findings"]]}


def in_parallel(jobs):
    """Runs functions, one at a time on each CPU; what they raise is their result."""
    cpus = queue.SimpleQueue()
    for cpu in sorted(os.sched_getaffinity(0)):
        cpus.put(cpu)

    def pinned():
        os.sched_setaffinity(0, {cpus.get()})  # of this thread; its children have it from it

    def guarded(job):
        try:
            return job()
        except Failed as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(CPUS, initializer=pinned) as pool:
        return list(pool.map(guarded, jobs))


def named(programs):
    return f" (not {', '.join(program.title for program in programs)})" if programs else ""


@section
def python_corpus(b):
    programs = python_corpus_programs(b)
    jobs = [lambda p=p, s=s: search(b, p, s, REPLAYS if s == 1 else 0)
            for p in programs for s in range(1, SEEDS + 1)]
    results = in_parallel(jobs + [lambda p=p: twin(b, p, TWIN_CAP) for p in programs])
    cells = {p: results[i * SEEDS:(i + 1) * SEEDS] for i, p in enumerate(programs)}
    twins = dict(zip(programs, results[len(jobs):]))
    errors = [result for result in results if isinstance(result, Failed)]
    for error in errors:
        print(f"  {error}", flush=True)
    row("Python: searches and twins that could not be run", str(len(errors)), target="0",
        reached=not errors)
    cells = {p: done for p, done in cells.items()
             if not any(isinstance(cell, Failed) for cell in done)}
    judge(cells)
    ran = {p: cell for p, cell in twins.items() if not isinstance(cell, Failed)}
    false_alarms = [p for p, cell in ran.items() if cell["reports"]]
    row(f"Python: reports in {len(ran)} fixed twins, {TWIN_CAP:,} schedules each",
        f"{sum(len(cell['reports']) for cell in ran.values())}"
        + (f" ({', '.join(p.title for p in false_alarms)})" if false_alarms else ""),
        target="0", reached=not false_alarms)


def judge(cells):
    """Rows and the table of {program: its searches, the first of them whole}."""
    searches = [cell for done in cells.values() for cell in done]
    missed = [p for p, done in cells.items() if not all(cell["found"] for cell in done)]
    row(f"Python: corpus bugs found within their budgets, {SEEDS} seeds",
        f"{sum(cell['found'] for cell in searches)} of {len(searches)}{named(missed)}",
        target=f"{len(searches)}", reached=not missed)
    wrong = [p for p, done in cells.items()
             if any(cell["found"] and not cell["expected"] for cell in done)]
    row("Python: failures of another kind than expected", f"{len(wrong)}{named(wrong)}".replace(
        "(not ", "("), target="0", reached=not wrong)
    whole = {p: done[0] for p, done in cells.items() if done[0]["found"] and done[0]["expected"]}
    if not whole:
        raise Failed("no Python program failed as expected")
    limits = (("label can happen / only without the GIL right", len(whole),
               [p for p, cell in whole.items() if cell["gil"] != p.gil()]),
              ("pattern named as expected", 0.9 * len(whole),
               [p for p, cell in whole.items() if cell["pattern"] != p.expect["story"]]),
              (f"replays {REPLAYS} of {REPLAYS} the same", len(whole),
               [p for p, cell in whole.items() if cell["confirmed"] != REPLAYS]))
    for text, target, bad in limits:
        row(f"Python: {text}", f"{len(whole) - len(bad)} of {len(whole)}{named(bad)}",
            target=f"{target:.0f}", reached=len(whole) - len(bad) >= target)
    mean = geometric_mean([cell["schedules"] if cell["found"] else p.cap
                           for p, done in cells.items() for cell in done])
    row("Python: schedules to the first failure, geometric mean", f"{mean:.1f}")
    mean = geometric_mean([cell["seconds"] for cell in whole.values()])
    slowest = max(whole, key=lambda p: whole[p]["seconds"])
    row("Python: seconds to the story, geometric mean", f"{mean:.2f} s",
        f"slowest {whole[slowest]['seconds']:.1f} s ({slowest.title})")
    body = [corpus_row(p, done) for p, done in cells.items()]
    tables.append(("Python: schedules to the first failure",
                   f"Median of {SEEDS} seeds, at most the budget of each. The rest is of seed 1: "
                   "seconds with minimising, replays and the story, while the other CPUs search too; "
                   "the label, and the one expected where it is another; the pattern alike.",
                   ["program", "Python", "schedules", "seconds", "label", "pattern", "replays"],
                   body))


def other(said, expected):
    return said if said == expected else f"{said}, not {expected}"


def corpus_row(program, done):
    cell = done[0]
    name, version = f"`{program.title}`", f"3.{program.python.minor}"
    if not cell["found"]:
        return [name, version, shown(done, program.cap), f"{cell['seconds']:.1f}", "", "not found", ""]
    return [name, version, shown(done, program.cap), f"{cell['seconds']:.1f}",
            other(str(cell["gil"]), program.gil()),
            other(cell["pattern"], program.expect["story"]) if cell["expected"]
            else f"another failure: {cell['failure']}", f"{cell['confirmed']}/{REPLAYS}"]
