"""sort_append, put right: a lock for the list."""

import threading


class Ranking:
    def __init__(self):
        self.lock = threading.Lock()
        self.players = [("ann", 7), ("bob", 3), ("eve", 5)]

    def points(self, player):
        return player[1]

    def sort(self):
        with self.lock:
            self.players.sort(key=self.points)

    def add(self, name, points):
        with self.lock:
            self.players.append((name, points))


def main():
    ranking = Ranking()
    threads = [
        threading.Thread(target=ranking.sort),
        threading.Thread(target=ranking.add, args=("joe", 4)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ranking.players) == 4


if __name__ == "__main__":
    main()
