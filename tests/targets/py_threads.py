"""Threads of the standard library: locks of every kind, conditions, queues, events, barriers, local
data, timers, thread pools. The output is the same in every schedule."""

import concurrent.futures
import queue
import sys
import threading
import time

SECOND = float(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 1.0


def in_threads(count, body):
    threads = [threading.Thread(target=body, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def locks():
    lock, nested, total = threading.Lock(), threading.RLock(), [0, 0]

    def body(_):
        for _ in range(200):
            with lock:
                total[0] += 1
            with nested, nested:
                total[1] += 1

    in_threads(4, body)
    assert total == [800, 800], total
    with lock:
        assert not lock.acquire(blocking=False)
        assert not lock.acquire(timeout=SECOND / 10)


def queues():
    todo, done = queue.Queue(maxsize=3), queue.SimpleQueue()

    def worker(_):
        while (item := todo.get()) is not None:
            done.put(item * item)
            todo.task_done()
        todo.task_done()

    workers = [threading.Thread(target=worker, args=(i,)) for i in range(3)]
    for thread in workers:
        thread.start()
    for i in range(50):
        todo.put(i)
    for _ in workers:
        todo.put(None)
    todo.join()
    for thread in workers:
        thread.join()
    assert sorted(done.get() for _ in range(50)) == [i * i for i in range(50)]
    try:
        todo.get(timeout=SECOND / 10)
        raise AssertionError("the queue is empty")
    except queue.Empty:
        pass


def conditions():
    turn, changed = [0], threading.Condition()

    def player(me):
        for _ in range(30):
            with changed:
                changed.wait_for(lambda: turn[0] % 3 == me)
                turn[0] += 1
                changed.notify_all()

    in_threads(3, player)
    assert turn[0] == 90

    event, barrier, slots = threading.Event(), threading.Barrier(4), threading.Semaphore(2)
    inside, local = [], threading.local()

    def body(me):
        local.me = me
        barrier.wait()
        with slots:
            inside.append(local.me)
            assert len(inside) <= 4
        barrier.wait()
        event.set()

    threads = [threading.Thread(target=body, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    assert event.wait()
    for thread in threads:
        thread.join()
    assert sorted(inside) == [0, 1, 2, 3]
    timer = threading.Timer(SECOND / 10, inside.clear)
    timer.start()
    timer.join()
    assert not inside


def pools():
    with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
        assert list(pool.map(lambda x: x + 1, range(30))) == list(range(1, 31))
        futures = [pool.submit(pow, 2, i) for i in range(10)]
        assert sum(f.result() for f in concurrent.futures.as_completed(futures)) == 1023
        failing = pool.submit(int, "not a number")
        assert isinstance(failing.exception(), ValueError)


def sleeps():
    woken = []

    def body(seconds):
        time.sleep((4 - seconds) * SECOND / 4)
        woken.append(4 - seconds)

    in_threads(4, body)
    # Those that began late may be woken late: only with nobody slow is this sorted.
    print("woken", sorted(woken))


locks()
queues()
conditions()
pools()
sleeps()
print("ok py_threads")
