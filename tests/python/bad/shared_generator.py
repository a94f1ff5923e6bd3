"""Two threads take from one generator: `generator already executing` where one is inside when the
other comes (gil: on, the body of the generator calls)."""

import threading

calls = [0]


def tick():
    calls[0] += 1


def numbers():
    for i in range(4):
        tick()
        yield i


shared = numbers()
got = []


def body():
    for number in shared:
        got.append(number)


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert sorted(got) == [0, 1, 2, 3], got
print("generated")
