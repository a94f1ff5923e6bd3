"""Threads fetch pages with urllib, and one that is not there. Argument: the URL of a server."""

import concurrent.futures
import sys
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
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for url, answer in zip(urls, pool.map(fetch, urls)):
            print(url, *answer)


if __name__ == "__main__":
    main()
