"""The standard streams are closed, replaced by an object that raises, or gone, while threads print."""

import io
import os
import sys
import threading

mode = sys.argv[1]


class Raising(io.TextIOBase):
    def write(self, text):
        raise OSError("no room")


def body():
    try:
        print("words")
    except (OSError, ValueError, AttributeError):
        failed.append(1)


failed = []
if mode == "closed":
    sys.stdout.close()
elif mode == "raising":
    sys.stdout = Raising()
elif mode == "none":
    sys.stdout = sys.stderr = None
else:
    os.close(1)
threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os._exit(len(failed))
