# -*- coding: latin-1 -*-
"""A source in Latin-1, with CRLF: names and words that are no UTF-8 (café)."""
import threading


class Café:
    naïve = 0


café = Café()


def body():
    café.naïve += 1
    café.words = "über"


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
    thread.join()
print("read", café.naïve)
