"""A lambda in a loop reads the loop variable when it runs, not when it is made: if the loop is
faster than the thread, a page is fetched twice and another not at all."""

import threading


class Crawler:
    def __init__(self):
        self.fetched = []
        self.lock = threading.Lock()

    def fetch(self, page):
        with self.lock:
            self.fetched.append(page)


def main():
    crawler = Crawler()
    threads = []
    for page in ("index", "about"):
        thread = threading.Thread(target=lambda: crawler.fetch(page))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    assert sorted(crawler.fetched) == ["about", "index"], f"fetched {crawler.fetched}"


if __name__ == "__main__":
    main()
