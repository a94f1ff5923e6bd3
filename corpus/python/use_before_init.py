"""A constructor starts its thread, gives it a first job, and only then sets what the thread
uses."""

import queue
import threading


class Dispatcher:
    def __init__(self, handler):
        self.jobs = queue.Queue()
        self.results = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        self.jobs.put("announce")
        self.handler = handler

    def run(self):
        while True:
            job = self.jobs.get()
            if job is None:
                break
            self.results.append(self.handler(job))

    def close(self):
        self.jobs.put(None)
        self.thread.join()


def main():
    dispatcher = Dispatcher(str.upper)
    dispatcher.close()


if __name__ == "__main__":
    main()
