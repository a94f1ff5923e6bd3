"""task_not_done, put right: each job that was taken is done, skipped or not."""

import queue
import threading


class Downloader:
    def __init__(self):
        self.jobs = queue.Queue()
        self.cancelled = threading.Event()
        self.pages = []

    def worker(self):
        while (job := self.jobs.get()) is not None:
            if not self.cancelled.is_set():
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
