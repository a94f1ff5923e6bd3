"""functools.cached_property has no lock since Python 3.12: two threads compute the value."""

import functools
import threading


class Document:
    def __init__(self, text):
        self.text = text
        self.parsed = []

    def parse(self):
        self.parsed.append(self.text)
        return self.text.split()

    @functools.cached_property
    def words(self):
        return self.parse()


def main():
    document = Document("to be or not")
    threads = [threading.Thread(target=lambda: len(document.words)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(document.parsed) == 1, f"parsed {len(document.parsed)} times"


if __name__ == "__main__":
    main()
