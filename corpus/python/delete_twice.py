"""Two threads tidy up: both find an expired session, and one of them deletes it too late."""

import threading


class Sessions:
    def __init__(self):
        self.ages = {"ann": 90, "bob": 5}

    def expired(self, user):
        return self.ages.get(user, 0) > 60

    def expire(self, user):
        if self.expired(user):
            del self.ages[user]


def main():
    sessions = Sessions()
    threads = [threading.Thread(target=sessions.expire, args=("ann",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(sessions.ages) == ["bob"]


if __name__ == "__main__":
    main()
