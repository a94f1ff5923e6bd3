"""A worker that skips a job forgets task_done(): join() of the queue never returns."""

import queue
import threading


class Downloader:
    def __init__(self):
        self.jobs = queue.Queue()
        self.cancelled = threading.Event()
        self.pages = []

    def worker(self):
        while (job := self.jobs.get()) is not None:
            if self.cancelled.is_set():
                continue
            self.pages.append(job)
            self.jobs.task_done()


def main():
    downloader = Downloader()
    downloader.jobs.put("index.html")
    threads = [
        threading.Thread(target=downloader.worker),
        threading.Thread(target=downloader.cancelled.set),
    ]
    for thread in threads:
        thread.start()
    downloader.jobs.join()
    downloader.jobs.put(None)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
