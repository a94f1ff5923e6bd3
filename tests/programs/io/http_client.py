"""Threads fetch pages with urllib, and one that is not there. Argument: the URL of a server.

The first two fetches begin together: a pool whose thread is idle would make no other.
"""

import concurrent.futures
import sys
import threading
import urllib.error
import urllib.request


def fetch(url):
    try:
        with urllib.request.urlopen(url) as response:
            return response.status, response.headers["Date"], response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Date"], error.read()[:20]


def main():
    urls = [f"{sys.argv[1]}/{name}" for name in ("one.txt", "two.txt", "missing.txt", "")]
    together = threading.Barrier(2)

    def one(url):
        if url in urls[:2]:
            together.wait()
        return fetch(url)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for url, answer in zip(urls, pool.map(one, urls)):
            print(url, *answer)


if __name__ == "__main__":
    main()
