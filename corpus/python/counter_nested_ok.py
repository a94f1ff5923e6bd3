"""counter_nested, put right: a lock is held from the read to the write."""

import threading

VISITORS = 3


class Museum:
    def __init__(self):
        self._visitors = 0
        self.lock = threading.Lock()

    def visitors(self):
        return self._visitors

    def publish(self, visitors):
        self._visitors = visitors


def turnstile(museum):
    for _ in range(VISITORS):
        with museum.lock:
            museum.publish(museum.visitors() + 1)


def main():
    museum = Museum()
    threads = [threading.Thread(target=turnstile, args=(museum,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert museum.visitors() > 2, f"only {museum.visitors()} of {2 * VISITORS} visitors"


if __name__ == "__main__":
    main()
