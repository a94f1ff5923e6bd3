"""redis_lost_update.py with the server's own increment. Argument: the port."""

import sys
import threading

import redis


def connect():
    return redis.Redis(port=int(sys.argv[1]), single_connection_client=True)


def visit():
    with connect() as client:
        client.incr("visits")


def main():
    client = connect()
    client.set("visits", 0)
    threads = [threading.Thread(target=visit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    visits = int(client.get("visits"))
    assert visits == 2, f"{visits} visits counted"


if __name__ == "__main__":
    main()
