"""Two workers share one iterator: both get the same item."""

import threading

ROUNDS = 1


class Tasks:
    def __init__(self, count):
        self.count = count
        self.position = 0

    def __iter__(self):
        return self

    def __next__(self):
        position = self.position
        if position == self.count:
            raise StopIteration
        self.position = position + 1
        return position


def worker(tasks, done):
    for task in tasks:
        done.append(task)


def main():
    tasks = Tasks(2 * ROUNDS)
    done = []
    threads = [threading.Thread(target=worker, args=(tasks, done)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2 * ROUNDS, f"{len(done)} tasks done, there were {2 * ROUNDS}"


if __name__ == "__main__":
    main()
