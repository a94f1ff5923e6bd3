"""urllib3's pool of connections, with a connection that needs no network.

block: maxsize=1, block=True: one connection at a time; never fails
count: pool.num_requests counts the requests (`self.num_requests += 1` in urllib3; gil: off, it needs
       --include urllib3)
close: the pool is closed while another thread is about to use it: ClosedPoolError (gil: on)
"""

import http.client
import io
import sys
import threading

import urllib3
from urllib3.connection import HTTPConnection


class Socket:
    def makefile(self, *_):
        return io.BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


class Connection(HTTPConnection):
    inside = []

    def connect(self):
        self.sock = Socket()

    def request(self, method, url, **_):
        self.inside.append(1)
        self.most = len(self.inside)

    def getresponse(self):
        response = http.client.HTTPResponse(Socket(), method="GET")
        response.begin()
        self.inside.pop()
        assert self.most == 1 or not self.only, "%d requests in one connection" % self.most
        return response


class Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = Connection


def main(variant):
    Connection.inside = []
    Connection.only = variant == "block"
    pool = Pool("localhost", maxsize=1 if variant == "block" else 2, block=variant == "block")

    def request():
        assert pool.request("GET", "/", retries=False).data == b"hello"

    threads = [threading.Thread(target=request) for _ in range(2)]
    for thread in threads:
        thread.start()
    if variant == "close":
        threads[0].join()
        pool.close()
    for thread in threads:
        thread.join()
    assert pool.num_requests == 2, "%d requests counted" % pool.num_requests


if __name__ == "__main__":
    main(sys.argv[1])
