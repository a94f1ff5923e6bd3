"""Producer, bounded queue, workers, task_done and join.

right:  never fails
early:  task_done() before the result is stored: join() returns too early (gil: on)
poison: one sentinel for two workers, which the first one does not put back: stuck in every schedule
"""

import queue
import sys
import threading


def main(variant):
    todo = queue.Queue(maxsize=1)
    results = {}

    def worker():
        while (job := todo.get()) is not None:
            if variant == "early":
                todo.task_done()
            results[job] = job * job
            if variant != "early":
                todo.task_done()
        todo.task_done()

    workers = [threading.Thread(target=worker) for _ in range(2)]
    for thread in workers:
        thread.start()
    for job in (2, 3, 4):
        todo.put(job)
    todo.join()
    snapshot = dict(results)
    for _ in workers[: 1 if variant == "poison" else 2]:
        todo.put(None)
    for thread in workers:
        thread.join()
    assert snapshot == {2: 4, 3: 9, 4: 16}, snapshot


if __name__ == "__main__":
    main(sys.argv[1])
