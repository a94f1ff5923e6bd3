"""Two threads take their tickets from one generator, which can be entered by one at a time only."""

import threading


def label(number):
    return f"ticket {number}"


def tickets():
    number = 0
    while True:
        number += 1
        yield label(number)


def visitor(machine, taken):
    taken.append(next(machine))


def main():
    machine = tickets()
    taken = []
    threads = [threading.Thread(target=visitor, args=(machine, taken)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == ["ticket 1", "ticket 2"]


if __name__ == "__main__":
    main()
