"""cached_property_twice, put right: a lock and a plain property."""

import threading


class Document:
    def __init__(self, text):
        self.text = text
        self.parsed = []
        self.lock = threading.Lock()
        self.found = None

    def parse(self):
        self.parsed.append(self.text)
        return self.text.split()

    @property
    def words(self):
        with self.lock:
            if self.found is None:
                self.found = self.parse()
            return self.found


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
