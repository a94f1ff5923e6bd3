"""counter_global, put right: the global has a lock."""

import threading

ROUNDS = 1
requests_seen = 0
requests_lock = threading.Lock()


def handle_requests():
    global requests_seen
    for _ in range(ROUNDS):
        with requests_lock:
            requests_seen += 1


def main():
    global requests_seen
    requests_seen = 0
    threads = [threading.Thread(target=handle_requests) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert requests_seen == 2 * ROUNDS, f"{requests_seen} of {2 * ROUNDS} requests seen"


if __name__ == "__main__":
    main()
