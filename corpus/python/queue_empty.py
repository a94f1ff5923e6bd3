"""empty() says what was; get_nowait() of a worker finds that another has taken the last job."""

import queue
import threading


def worker(jobs, done):
    while not jobs.empty():
        done.append(jobs.get_nowait())


def main():
    jobs = queue.Queue()
    done = []
    jobs.put("scan")
    threads = [threading.Thread(target=worker, args=(jobs, done)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["scan"]


if __name__ == "__main__":
    main()
