"""`self.users = self.users | {user}` holds no call. But it allocates: in Python 3.11 the collector
may run there, it runs `__del__` of cyclic garbage, and another thread comes in the middle."""

import gc
import threading

ROUNDS = 1


class Session:
    def __init__(self):
        self.owner = self

    def __del__(self):
        self.owner = None


class Audience:
    def __init__(self):
        self.users = set()

    def remember(self, user):
        self.users = self.users | {user}


def serve(audience, names):
    for name in names:
        Session()
        audience.remember(name)


def main():
    audience = Audience()
    names = [[f"user{i}.{round}" for round in range(ROUNDS)] for i in range(2)]
    threads = [threading.Thread(target=serve, args=(audience, names[i])) for i in range(2)]
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*thresholds)
    missing = set(names[0] + names[1]) - audience.users
    assert not missing, f"{len(missing)} users forgotten"


if __name__ == "__main__":
    main()
