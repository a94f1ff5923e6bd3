"""multiprocessing between a parent with threads and forked children: semaphores, locks, queues, pipes,
shared values, a pool. While a child works, every thread of the parent waits: never a deadlock."""

import multiprocessing
import sys
import threading
import time

SECOND = float(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 0.1


def square_all(inbox, outbox):
    while (item := inbox.get()) is not None:
        outbox.put(item * item)


def hold(lock, held, value):
    with lock:
        held.release()
        time.sleep(SECOND)
        value.value += 1


def answer(connection):
    while (text := connection.recv()) != "bye":
        connection.send(text.upper())
    connection.close()


def twice(x):
    return 2 * x


def main():
    context = multiprocessing.get_context("fork")

    inbox, outbox = context.Queue(), context.Queue()
    child = context.Process(target=square_all, args=(inbox, outbox))
    child.start()
    for i in range(20):
        inbox.put(i)
    inbox.put(None)
    assert sorted(outbox.get() for _ in range(20)) == [i * i for i in range(20)]
    child.join()
    assert child.exitcode == 0

    lock, held, value = context.Lock(), context.Semaphore(0), context.Value("i", 0)
    child = context.Process(target=hold, args=(lock, held, value))
    child.start()
    held.acquire()
    threads = [threading.Thread(target=lambda: lock.acquire() and lock.release()) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    child.join()
    assert value.value == 1

    ours, theirs = context.Pipe()
    child = context.Process(target=answer, args=(theirs,))
    child.start()
    for word in ("hello", "again"):
        ours.send(word)
        print(ours.recv())
    ours.send("bye")
    child.join()

    with context.Pool(2) as pool:
        assert pool.map(twice, range(10)) == [2 * i for i in range(10)]
    print("ok py_multiprocessing")


main()
