"""multiprocessing with one way to start a child, beside a thread: argument fork, spawn or forkserver."""

import multiprocessing
import sys
import threading


def square(queue, number):
    queue.put(number * number)


def main():
    context = multiprocessing.get_context(sys.argv[1])
    queue = context.Queue()
    flag = []
    thread = threading.Thread(target=flag.append, args=(1,))
    thread.start()
    children = [context.Process(target=square, args=(queue, i)) for i in (2, 3)]
    for child in children:
        child.start()
    squares = sorted(queue.get() for _ in children)
    for child in children:
        child.join()
    thread.join()
    assert squares == [4, 9] and flag == [1] and all(c.exitcode == 0 for c in children)
    print("squares", squares)


if __name__ == "__main__":
    main()
