"""counter_cell, put right: the closure has a lock too."""

import threading

ROUNDS = 1


def make_turnstile():
    visits = 0
    visits_lock = threading.Lock()

    def enter():
        nonlocal visits
        for _ in range(ROUNDS):
            with visits_lock:
                visits += 1

    def total():
        return visits

    return enter, total


def main():
    enter, total = make_turnstile()
    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total() == 2 * ROUNDS, f"{total()} of {2 * ROUNDS} visits counted"


if __name__ == "__main__":
    main()
