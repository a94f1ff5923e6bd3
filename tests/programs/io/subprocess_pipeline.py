"""Threads run pipelines of programs over a file. Argument: the file."""

import concurrent.futures
import os
import subprocess
import sys


def words(path, pattern):
    with open(path, "rb") as file:
        first = subprocess.Popen(["grep", pattern], stdin=file, stdout=subprocess.PIPE)
        second = subprocess.Popen(["sort", "-u"], stdin=first.stdout, stdout=subprocess.PIPE)
        first.stdout.close()
        output = second.communicate()[0]
        return first.wait(), second.returncode, output


def main():
    path = sys.argv[1]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for answer in pool.map(lambda pattern: words(path, pattern), ("a", "o", "nothing like it")):
            print(*answer)
    print(subprocess.run("wc -l < " + path + "; exit 3", shell=True, capture_output=True,
                         check=False))
    with os.popen("cat " + path) as pipe:
        print(len(pipe.read()))
    print("status", subprocess.call(["false"]))


if __name__ == "__main__":
    main()
