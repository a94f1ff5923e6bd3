"""Two turnstiles count three visitors each without a lock. That some updates are lost was accepted;
that no more than two visitors of six are left was thought impossible."""

import threading

VISITORS = 3


class Museum:
    def __init__(self):
        self._visitors = 0

    def visitors(self):
        return self._visitors

    def publish(self, visitors):
        self._visitors = visitors


def turnstile(museum):
    for _ in range(VISITORS):
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
