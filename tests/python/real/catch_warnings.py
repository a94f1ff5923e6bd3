"""warnings.catch_warnings in two threads, as test helpers use it.

global: it saves and restores the filters of the process: they stay changed, or a warning lands with the
        other (gil: on)
locked: one at a time; never fails
"""

import contextlib
import sys
import threading
import warnings


def main(variant):
    lock = threading.Lock() if variant == "locked" else contextlib.nullcontext()
    before = list(warnings.filters)
    show = warnings.showwarning
    caught = {}

    def check(name):
        with lock, warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            warnings.warn("from " + name)
        caught[name] = [str(warning.message) for warning in seen]

    threads = [threading.Thread(target=check, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = list(warnings.filters)
    warnings.filters[:] = before
    warnings.showwarning = show
    assert after == before, "the filters stay changed"
    assert caught == {"a": ["from a"], "b": ["from b"]}, caught


if __name__ == "__main__":
    main(sys.argv[1])
