"""late_binding, put right: the page is an argument."""

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
        thread = threading.Thread(target=crawler.fetch, args=(page,))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    assert sorted(crawler.fetched) == ["about", "index"], f"fetched {crawler.fetched}"


if __name__ == "__main__":
    main()
