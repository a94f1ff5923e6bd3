"""Lines of `make bench` about accesses to memory of programs that `frontrun cc` has built."""

import os

from base import ROOT, printed, row, run, section

ACCESSES = {"private": 20000000, "calls": 20000000, "shared": 400000}


def compiled(b, name, source, *command):
    program = b.file(name)
    run([*command, "-O1", "-g", "-pthread", "-D_GNU_SOURCE=", "-I", ROOT, "-o", program,
         os.path.join(ROOT, "tests/bench/targets/memory", source)])
    return program


@section
def memory_access(b):
    ours = compiled(b, "access", "bench_access.c", os.path.join(b.build, "frontrun"), "cc")
    theirs = compiled(b, "access-tsan", "bench_access.c", "gcc", "-fsanitize=thread")
    for text, kind, options, target in (
            ("filtered access, --races off", "private", ["--races", "off"], 6),
            ("filtered access, all oracles", "private", [], 15),
            ("call of a function with one, all oracles", "calls", [], None),
            ("access that is a point and goes on", "shared", [], 20)):
        arguments = [kind, str(ACCESSES[kind])]

        def recorded(options=options, arguments=arguments):
            return printed(b.record([ours, *arguments], options))

        reference, measured, ratio = b.pairs(lambda: printed(run([theirs, *arguments])), recorded)
        row(text, f"{measured:.1f} ns", f"{reference:.1f} ns libtsan", ratio,
            f"{target} ns" if target else "", target and measured <= target)
