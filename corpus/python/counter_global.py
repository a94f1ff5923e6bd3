"""Two handlers count requests in a global. `+=` on a global is a load, an add and a store."""

import threading

ROUNDS = 1
requests_seen = 0


def handle_requests():
    global requests_seen
    for _ in range(ROUNDS):
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
