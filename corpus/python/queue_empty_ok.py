"""queue_empty, put right: get_nowait() itself says whether there was a job."""

import queue
import threading


def worker(jobs, done):
    while True:
        try:
            done.append(jobs.get_nowait())
        except queue.Empty:
            break


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
