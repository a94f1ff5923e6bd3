"""delete_plain, put right: pop() with a default looks and deletes in one step."""

import threading


ROUNDS = 1


def log_out(sessions, users):
    for user in users:
        sessions.pop(user, None)


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
