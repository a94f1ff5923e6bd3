"""A job is counted as pending after it was queued: a fast worker counts it down first, and nobody
says that all is done."""

import queue
import threading


class Service:
    def __init__(self):
        self.jobs = queue.Queue()
        self.lock = threading.Lock()
        self.idle = threading.Event()
        self.pending = 0

    def submit(self, job):
        self.jobs.put(job)
        with self.lock:
            self.pending += 1

    def worker(self):
        while (job := self.jobs.get()) is not None:
            job()
            with self.lock:
                self.pending -= 1
                if self.pending == 0:
                    self.idle.set()


def main():
    service = Service()
    worker = threading.Thread(target=service.worker)
    worker.start()
    service.submit(dict)
    service.idle.wait()
    service.jobs.put(None)
    worker.join()


if __name__ == "__main__":
    main()
