"""unittest.mock.patch in two threads, as parallel tests do it.

global: both save and restore the same attribute: it stays a mock (gil: on)
locked: one at a time; never fails
"""

import contextlib
import json
import sys
import threading
from unittest import mock


def main(variant):
    lock = threading.Lock() if variant == "locked" else contextlib.nullcontext()
    real = json.dumps

    def test(value):
        with lock, mock.patch("json.dumps", return_value=value):
            assert json.dumps({}) == value, "the mock of the other test"

    threads = [threading.Thread(target=test, args=(value,)) for value in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after, json.dumps = json.dumps, real
    assert after is real, "json.dumps is still a mock"


if __name__ == "__main__":
    main(sys.argv[1])
