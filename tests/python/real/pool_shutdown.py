"""ThreadPoolExecutor.shutdown while somebody else still submits.

race:   RuntimeError: cannot schedule new futures after shutdown (gil: on)
cancel: cancel_futures=True: a result is asked of a future that was cancelled: CancelledError (gil: on)
right:  shut down when the one who submits has ended; never fails
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor


def main(variant):
    pool = ThreadPoolExecutor(max_workers=1)
    got = []

    def producer():
        futures = [pool.submit(pow, 2, i) for i in (1, 2)]
        if variant == "cancel":
            submitted.set()
        got.extend(future.result() for future in futures)

    submitted = threading.Event()
    thread = threading.Thread(target=producer)
    thread.start()
    if variant == "right":
        thread.join()
    elif variant == "cancel":
        submitted.wait()
    pool.shutdown(cancel_futures=variant == "cancel")
    thread.join()
    assert got == [2, 4], got


if __name__ == "__main__":
    main(sys.argv[1])
