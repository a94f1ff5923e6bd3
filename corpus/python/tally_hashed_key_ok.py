"""tally_hashed_key, put right: a lock for the votes."""

import dataclasses
import threading

ROUNDS = 1
votes_lock = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Candidate:
    name: str
    party: str


def polling_station(votes, candidate):
    for _ in range(ROUNDS):
        with votes_lock:
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
