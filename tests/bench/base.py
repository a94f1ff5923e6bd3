"""What the benchmarks share: running programs, medians of pairs, and the tables."""

import json
import os
import platform
import statistics
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CPUS = len(os.sched_getaffinity(0))
LIMIT = 300  # seconds for one program, against a hang
ROW_HEAD = ("line", "measured", "reference", "ratio", "target", "reached")
rows = []
tables = []  # (title, sentence, head, rows): shown below the one of all lines
sections = []


class Failed(Exception):
    pass


def section(function):
    sections.append(function)
    return function


def row(line, measured, reference="", ratio=None, target="", reached=None, into=None):
    """A line of the one table, or of another: a list of rows."""
    into = rows if into is None else into
    into.append((line, measured, reference, "" if ratio is None else f"{ratio:.2f}", target,
                 "" if reached is None else "yes" if reached else "**no**"))
    print("  " + " | ".join(str(cell) for cell in into[-1]), flush=True)


def run(command, status=0, stdin=None, cwd=None, env=None):
    """Runs a command to its end. Returns (wall seconds, stdout)."""
    begin = time.monotonic()
    with open(stdin or os.devnull, "rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True, cwd=cwd, env=env,
                              timeout=LIMIT, check=False)
    wall = time.monotonic() - begin
    if done.returncode != status:
        raise Failed(f"{' '.join(command)}: status {done.returncode}, not {status}: "
                     f"{done.stderr.decode(errors='replace')[-500:]}")
    return wall, done.stdout


class Bench:
    def __init__(self, build, runs, scratch):
        self.build, self.runs, self.scratch = os.path.abspath(build), runs, scratch
        self.cli = os.path.join(self.build, "frontrun")
        self.trace = self.file("bench.zst")

    def file(self, name):
        return os.path.join(self.scratch, name)

    def target(self, name):
        return os.path.join(self.build, "targets", name)

    def bench_target(self, name):
        return os.path.join(self.build, "bench/targets", name)

    def record(self, command, options=(), status=0, trace=None, **kw):
        return run([self.cli, "record", *options, "-o", trace or self.trace, "--", *command],
                   status, **kw)

    def replay(self, trace, status=0):
        return run([self.cli, "replay", trace], status)

    def info(self, trace=None):
        return json.loads(run([self.cli, "info", "--json", trace or self.trace])[1])

    def pairs(self, reference, measured, runs=None):
        """Alternates two functions; returns the medians and the median ratio."""
        both = [(reference(), measured()) for _ in range(runs or self.runs)]
        return (statistics.median(r for r, _ in both), statistics.median(m for _, m in both),
                statistics.median(m / r for r, m in both))


def printed(result):
    return float(result[1].split()[-1])


def ms(seconds):
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def machine():
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="ascii") as file:
        memory_mb = int(file.readline().split()[1]) // 1024
    return (f"{model}, {CPUS} CPUs, {memory_mb:,} MB; Linux {platform.release()}, "
            f"{' '.join(platform.libc_ver())}")


def load():
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def table(head, body):
    cells = [head, *body]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]

    def text(line):
        return "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([text(head), rule, *map(text, body)])


