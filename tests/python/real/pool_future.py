"""concurrent.futures.Future: callbacks, cancel, as_completed, wait.

right:  a callback is run once, whether the future is done before or after it is added; never fails
cancel: `if not f.running(): f.cancel()` and then f.result(): CancelledError or not (gil: on)
once:   set_result by whoever comes first, `if not f.done()`: InvalidStateError (gil: on)
"""

import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait


def main(variant):
    if variant == "once":
        future = Future()

        def answer(value):
            if not future.done():
                future.set_result(value)

        threads = [threading.Thread(target=answer, args=(i,)) for i in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert future.result() in (1, 2)
        return
    called = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = [pool.submit(pow, 2, i) for i in range(3)]
        for future in futures:
            future.add_done_callback(lambda f: called.append(f.result()))
        if variant == "cancel":
            if not futures[2].running():
                futures[2].cancel()
            assert futures[2].result() == 4
        else:
            assert sum(f.result() for f in as_completed(futures)) == 7
            assert not wait(futures).not_done
    assert sorted(called) == [1, 2, 4], called


if __name__ == "__main__":
    main(sys.argv[1])
