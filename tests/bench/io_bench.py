"""Programs whose input is recorded: what a call costs, clients of servers, and the size of it. Servers
are native; figures are by outer wall time, as the programs' own clock is virtual."""

import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

from base import printed, row, run, section

CALLS = 40000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def redis():
    port = free_port()
    with tempfile.TemporaryDirectory() as directory, subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", directory], stdout=subprocess.DEVNULL) as server:
        try:
            while subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True,
                                 check=False).stdout != b"PONG\n":
                time.sleep(0.01)
            yield str(port)
        finally:
            server.terminate()


@contextlib.contextmanager
def postgres():
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    directory, port, user = tempfile.mkdtemp(dir="/tmp"), str(free_port()), []
    if os.getuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(directory, account.pw_uid, account.pw_gid)
        user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    control = user + [f"{programs}/pg_ctl", "-D", f"{directory}/data", "-w", "-l",
                      f"{directory}/log"]
    try:
        run(user + [f"{programs}/initdb", "-D", f"{directory}/data", "-U", "test", "-A", "trust",
                    "--no-sync"], cwd=directory)
        run(control + ["-o", f"-p {port} -h 127.0.0.1 -k {directory} -c fsync=off", "start"],
            cwd=directory)
        yield f"{programs}/pgbench", ["-h", "127.0.0.1", "-p", port, "-U", "test", "postgres"]
    finally:
        subprocess.run(control + ["-m", "immediate", "stop"], cwd=directory, capture_output=True,
                       check=False)
        shutil.rmtree(directory)


def share(b, command):
    """Medians of the outer wall time natively and recorded, and the share of the native speed."""
    native, recorded, ratio = b.pairs(lambda: run(command)[0], lambda: b.record(command)[0])
    return native, recorded, 1 / ratio


def client(b, name, command, target):
    native, recorded, part = share(b, command)
    row(name, f"{part:.0%} of native ({recorded:.2f} s)", f"{native:.2f} s native", part,
        f"{target:.0%}", part >= target)


def numbers(b):
    path = b.file("numbers")
    with open(path, "wb") as file:
        file.write(bytes(range(256)) * (CALLS * 16 // 256))
    return path


@section
def io_calls(b):
    for way, target in (("plt", 500), ("trapped", 2500)):
        program = [b.bench_target("bench_read"), way, str(CALLS), numbers(b)]
        native, recorded, _ = b.pairs(lambda p=program: printed(run(p)),
                                      lambda p=program: printed(b.record(p)))
        row(f"recorded 16-byte read, {way}", f"{recorded - native:,.0f} ns over native",
            f"{native:,.0f} ns native", target=f"{target:,} ns", reached=recorded - native <= target)
    least, recorded, ratio = b.pairs(
        lambda: printed(run([b.bench_target("bench_trap"), str(CALLS), numbers(b)])),
        lambda: printed(b.record([b.bench_target("bench_read"), "trapped", str(CALLS), numbers(b)])))
    row("... all of it, beside a trap that only makes the call", f"{recorded:,.0f} ns",
        f"{least:,.0f} ns bare trap", ratio)
    size = os.path.getsize(b.trace) / CALLS
    row("... bytes in the trace for one", f"{size:.1f}", target="12", reached=size <= 12)


@section
def io_replay(b):
    program = [b.bench_target("bench_read"), "plt", str(CALLS), numbers(b), "quiet"]
    recorded, replayed, ratio = b.pairs(lambda: b.record(program)[0],
                                        lambda: b.replay(b.trace)[0])
    row(f"replay of {CALLS:,} recorded calls", f"{replayed:.2f} s", f"{recorded:.2f} s to record",
        ratio, "faster", ratio < 1)


@section
def io_redis(b):
    with redis() as port:
        client(b, "redis-benchmark, client recorded",
               ["redis-benchmark", "-p", port, "-t", "get", "-n", "20000", "-c", "10", "-q"], 0.6)


@section
def io_postgres(b):
    with postgres() as (pgbench, where):
        run([pgbench, "-i", "-q", *where])
        client(b, "pgbench -S, client recorded",
               [pgbench, "-S", "-n", "-c", "2", "-t", "2000", *where], 0.75)


@section
def io_python(b):
    native, recorded, ratio = b.pairs(lambda: run(["/usr/bin/python3", "-c", "pass"])[0],
                                      lambda: b.record(["/usr/bin/python3", "-c", "pass"])[0])
    row("start of Python, recorded", f"{recorded * 1e3:.0f} ms", f"{native * 1e3:.0f} ms native",
        ratio, "1.3", ratio <= 1.3)
