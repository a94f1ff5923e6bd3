"""copy.deepcopy of a dict that another thread changes, to have a snapshot of it.

live: deepcopy is Python and walks over the dict: changed size during iteration (gil: on, --include copy)
dict: dict(config) first, which is one call; never fails
"""

import copy
import sys
import threading


def main(variant):
    config = {"hosts": ["a"], "port": 80}
    copies = []

    def snapshot():
        copies.append(copy.deepcopy(dict(config) if variant == "dict" else config))

    def change():
        config["user"] = "ada"

    threads = [threading.Thread(target=body) for body in (snapshot, change)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert copies[0]["port"] == 80


if __name__ == "__main__":
    main(sys.argv[1])
