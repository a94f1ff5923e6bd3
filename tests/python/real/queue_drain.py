"""queue.Queue with two consumers of what was put into it before they begin.

empty:  `while not q.empty(): q.get()`: the last item goes to one, the other waits for ever: stuck (gil: on)
nowait: the same with get_nowait() and no handler: queue.Empty (gil: on)
right:  get_nowait() until queue.Empty; never fails
"""

import queue
import sys
import threading


def main(variant):
    todo = queue.Queue()
    done = []
    for i in range(3):
        todo.put(i)

    def polling():
        while not todo.empty():
            done.append(todo.get() if variant == "empty" else todo.get_nowait())

    def right():
        while True:
            try:
                done.append(todo.get_nowait())
            except queue.Empty:
                return

    body = right if variant == "right" else polling
    threads = [threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 1, 2], done


if __name__ == "__main__":
    main(sys.argv[1])
