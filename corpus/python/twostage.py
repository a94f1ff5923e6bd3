"""A loader publishes the pages of a book under one lock, and the index made of them under another;
a reader comes between the two."""

import threading


class Book:
    def __init__(self):
        self.pages_lock = threading.Lock()
        self.index_lock = threading.Lock()
        self.pages = None
        self.index = None


def loader(book):
    with book.pages_lock:
        book.pages = ["threads", "locks"]
    with book.index_lock:
        book.index = {word: number for number, word in enumerate(book.pages)}


def reader(book):
    with book.pages_lock:
        loaded = book.pages is not None
    if loaded:
        with book.index_lock:
            assert book.index is not None, "the book has pages and no index"


def main():
    book = Book()
    threads = [threading.Thread(target=part, args=(book,)) for part in (loader, reader)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
