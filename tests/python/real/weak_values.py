"""weakref.WeakValueDictionary as a table of live objects; one thread drops the last reference.

check: `if key in table: table[key]`: KeyError when the object is gone in between (gil: on)
get:   table.get(key); never fails
"""

import sys
import threading
import weakref


class Image:
    def __init__(self, name):
        self.name = name


def main(variant):
    table = weakref.WeakValueDictionary()
    owner = [Image("logo")]
    table["logo"] = owner[0]

    def drop():
        owner.clear()

    def use():
        if variant == "get":
            image = table.get("logo")
        else:
            image = table["logo"] if "logo" in table else None
        assert image is None or image.name == "logo"

    threads = [threading.Thread(target=body) for body in (use, drop)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(table) == 0


if __name__ == "__main__":
    main(sys.argv[1])
