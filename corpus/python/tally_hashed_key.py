"""Votes are counted in a dictionary whose keys have a `__hash__` written in Python: the store of
`votes[key] += 1` calls it after the load, so that another vote can come between."""

import dataclasses
import threading

ROUNDS = 1


@dataclasses.dataclass(frozen=True)
class Candidate:
    name: str
    party: str


def polling_station(votes, candidate):
    for _ in range(ROUNDS):
        votes[candidate] += 1


def main():
    ada = Candidate("Ada", "Engines")
    votes = {ada: 0}
    threads = [threading.Thread(target=polling_station, args=(votes, ada)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert votes[ada] == 2 * ROUNDS, f"{votes[ada]} of {2 * ROUNDS} votes counted"


if __name__ == "__main__":
    main()
