"""pending_miscount, put right: the job is counted before it is queued."""

import queue
import threading


class Service:
    def __init__(self):
        self.jobs = queue.Queue()
        self.lock = threading.Lock()
        self.idle = threading.Event()
        self.pending = 0

    def submit(self, job):
        with self.lock:
            self.pending += 1
        self.jobs.put(job)

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
