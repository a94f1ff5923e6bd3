"""Two threads that make four deposits each, in two accesses under one lock: 16 shared accesses.

  pair.py               once: what `frontrun fuzz` explores
  pair.py --bare COUNT  a loop of fork, the same threads and _exit; prints how many a second
"""

import os
import sys
import threading
import time


class Account:
    def __init__(self):
        self.lock = threading.Lock()
        self.balance = 0

    def deposit(self):
        for _ in range(4):
            with self.lock:
                self.balance += 1


def main():
    account = Account()
    threads = [threading.Thread(target=account.deposit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.balance == 8


def bare(count):
    begin = time.monotonic()
    for _ in range(count):
        pid = os.fork()
        if not pid:
            main()
            os._exit(0)
        if os.waitpid(pid, 0)[1]:
            sys.exit("a child failed")
    print(count / (time.monotonic() - begin))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bare"]:
        bare(int(sys.argv[2]))
    else:
        main()
