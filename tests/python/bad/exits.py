"""sys.exit in a thread (ends the thread only) and in the main one, with the status of the argument."""

import sys
import threading


def body():
    sys.exit(5)


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
status = sys.argv[1]
sys.exit(int(status) if status.isdigit() else status)
