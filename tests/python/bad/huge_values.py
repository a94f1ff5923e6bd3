"""Values that are too big to show: integers, strings, bytes, containers, one that contains itself."""

import threading


class Shared:
    pass


shared = Shared()
itself = []
itself.append(itself)
nested = {}
for _ in range(100000):
    nested = {"next": nested}
VALUES = {
    "integer": 1 << 5000000,
    "negative": -(1 << 300),
    "string": "x" * 5000000,
    "unicode": "\N{SNOWMAN}\U0001f40d\0\x1b[31m\ud800" * 100000,
    "bytes": bytes(5000000),
    "list": [None] * 1000000,
    "itself": itself,
    "float": float("nan"),
    "complex": complex("inf"),
    "range": range(10**30),
}


def body():
    for name, value in VALUES.items():
        setattr(shared, name, value)
        shared.last = value
        shared.same = getattr(shared, name) is value
    shared.nested = nested
    shared.longest = {"k" * 100000: 1, "": 2, -(10**40): 3}


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
shared.nested = None
while nested:
    nested = nested.pop("next")
print("huge")
