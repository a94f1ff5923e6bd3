"""`if key in d: del d[key]`: two threads find the key, and one of them deletes it too late."""

import threading


ROUNDS = 1


def log_out(sessions, users):
    for user in users:
        if user in sessions:
            del sessions[user]


def main():
    users = [f"user{number}" for number in range(ROUNDS)]
    sessions = dict.fromkeys(users, "cookie")
    threads = [threading.Thread(target=log_out, args=(sessions, users)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not sessions


if __name__ == "__main__":
    main()
