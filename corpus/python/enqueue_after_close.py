"""A flag is tested in one critical section and relied on in the next: a job is added to a queue
that was closed and drained."""

import threading


class JobQueue:
    def __init__(self):
        self.lock = threading.Lock()
        self.open = True
        self.jobs = []
        self.finished = []

    def is_open(self):
        with self.lock:
            return self.open

    def submit(self, job):
        if self.is_open():
            with self.lock:
                self.jobs.append(job)

    def close(self):
        with self.lock:
            self.open = False
            self.finished.extend(self.jobs)
            self.jobs.clear()


def main():
    queue = JobQueue()
    threads = [
        threading.Thread(target=queue.submit, args=("backup",)),
        threading.Thread(target=queue.close),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not queue.jobs, f"left behind: {queue.jobs}"


if __name__ == "__main__":
    main()
