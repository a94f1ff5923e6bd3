#!/usr/bin/env python3
"""Runs a command that may not switch address randomisation off, as in some containers.

usage: refuse_personality.py COMMAND [ARGUMENT...]

personality(2) fails with EPERM where it asks for ADDR_NO_RANDOMIZE, here and in all that the command
starts. Status 77 when there is no libseccomp, or addresses are not randomised on this machine at all.
"""

import ctypes
import errno
import os
import sys

ADDR_NO_RANDOMIZE = 0x0040000
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
MASKED_EQ = 7
PERSONALITY = 135


class Comparison(ctypes.Structure):
    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    ]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with open("/proc/sys/kernel/randomize_va_space", encoding="ascii") as f:
        if f.read().strip() == "0":
            return 77
    try:
        seccomp = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return 77
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(ALLOW))
    # 0xffffffff only asks and has this bit too.
    wanted = Comparison(0, MASKED_EQ, 0x80000000 | ADDR_NO_RANDOMIZE, ADDR_NO_RANDOMIZE)
    failed = seccomp.seccomp_rule_add_array(rules, REFUSE, PERSONALITY, 1, ctypes.byref(wanted))
    if failed or seccomp.seccomp_load(rules):
        sys.exit("refuse_personality.py: cannot load the filter")
    os.execvp(sys.argv[1], sys.argv[1:])


sys.exit(main())
