"""Three threads print, and the main one says what standard output is."""

import os
import stat
import sys
import threading


def work(number):
    for line in range(40):
        sys.stdout.write("thread %d, line %d of some that fill the buffer\n" % (number, line))


threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sys.stdout.isatty(), stat.S_IFMT(os.fstat(1).st_mode))
print("ok py_stdout")
