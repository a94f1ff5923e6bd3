"""Threads run pipelines of programs over a file. Argument: the file.

The first two pipelines begin together: a pool whose thread is idle would make no other.
"""

import concurrent.futures
import os
import subprocess
import sys
import threading


def words(path, pattern, together):
    if together:
        together.wait()
    with open(path, "rb") as file:
        first = subprocess.Popen(["grep", pattern], stdin=file, stdout=subprocess.PIPE)
        second = subprocess.Popen(["sort", "-u"], stdin=first.stdout, stdout=subprocess.PIPE)
        first.stdout.close()
        output = second.communicate()[0]
        return first.wait(), second.returncode, output


def main():
    path = sys.argv[1]
    both = threading.Barrier(2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for answer in pool.map(lambda task: words(path, *task),
                               (("a", both), ("o", both), ("nothing like it", None))):
            print(*answer)
    print(subprocess.run("wc -l < " + path + "; exit 3", shell=True, capture_output=True,
                         check=False))
    with os.popen("cat " + path) as pipe:
        print(len(pipe.read()))
    print("status", subprocess.call(["false"]))


if __name__ == "__main__":
    main()
