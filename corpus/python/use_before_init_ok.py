"""use_before_init, put right: the thread is started when all is set."""

import queue
import threading


class Dispatcher:
    def __init__(self, handler):
        self.jobs = queue.Queue()
        self.results = []
        self.handler = handler
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        self.jobs.put("announce")

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
