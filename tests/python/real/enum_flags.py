"""enum: members are found, and combined flags are made, by two threads at once.

flags: the combination is one and the same object for all; never fails, also with --include enum
"""

import enum
import sys
import threading


def main(variant):
    class Permission(enum.Flag):
        READ = 1
        WRITE = 2
        RUN = 4

    got = []

    def body():
        got.append(Permission.READ | Permission.RUN)
        assert Permission(1) is Permission.READ and Permission["WRITE"] is Permission.WRITE
        assert Permission.RUN in got[-1]

    threads = [threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got[0] is got[1], "two objects for one value"


if __name__ == "__main__":
    main(sys.argv[1])
