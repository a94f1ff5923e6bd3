"""tenacity retries in several threads, with a stop condition of our own that all of them share.

shared: counts failures over all threads in a dict, get then set: one of two is lost (gil: on, the call of
        get is in between), so that there are more attempts than the budget allows
locked: the same under a lock; never fails
own:    stop_after_attempt, which keeps nothing: one Retrying object is fit for several threads
"""

import contextlib
import sys
import threading

import tenacity
from tenacity.stop import stop_base

BUDGET = 4


class StopAfterBudget(stop_base):
    def __init__(self, lock):
        self.state = {}
        self.lock = lock

    def __call__(self, retry_state):
        with self.lock:
            failures = self.state.get("failures", 0) + 1
            self.state["failures"] = failures
        return failures >= BUDGET


def main(variant):
    lock = threading.Lock() if variant == "locked" else contextlib.nullcontext()
    stop = tenacity.stop_after_attempt(2) if variant == "own" else StopAfterBudget(lock)
    attempts = []

    @tenacity.retry(stop=stop, retry=tenacity.retry_if_exception_type(OSError), reraise=True)
    def fetch():
        attempts.append(1)
        raise OSError("connection refused")

    def client():
        try:
            fetch()
        except OSError:
            pass

    threads = [threading.Thread(target=client) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The other thread may be in its last attempt when the budget is used up.
    assert len(attempts) <= BUDGET + 1, "%d attempts with a budget of %d" % (len(attempts), BUDGET)


if __name__ == "__main__":
    main(sys.argv[1])
