"""reporter_after_close, put right: join, then close."""

import io
import threading


class Reporter:
    def __init__(self, journal):
        self.journal = journal
        self.begun = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        self.journal.write("begin\n")
        self.begun.set()
        self.journal.write("end\n")


def main():
    journal = io.StringIO()
    reporter = Reporter(journal)
    reporter.thread.start()
    reporter.begun.wait()
    reporter.thread.join()
    journal.close()


if __name__ == "__main__":
    main()
