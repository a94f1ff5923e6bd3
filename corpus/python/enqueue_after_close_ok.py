"""enqueue_after_close, put right: test and append are one critical section."""

import threading


class JobQueue:
    def __init__(self):
        self.lock = threading.Lock()
        self.open = True
        self.jobs = []
        self.finished = []

    def submit(self, job):
        with self.lock:
            if self.open:
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
