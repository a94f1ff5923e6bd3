"""Threads read and write one SQLite database, which was there before. Argument: the database."""

import sqlite3
import sys
import threading


def worker(path, number):
    db = sqlite3.connect(path, timeout=60)
    for _ in range(3):
        with db:
            db.execute("UPDATE account SET balance = balance + ? WHERE id = 1", (number,))
    print(f"worker {number} sees", *db.execute("SELECT name FROM account ORDER BY id LIMIT 1"))
    db.close()


def main():
    threads = [threading.Thread(target=worker, args=(sys.argv[1], i)) for i in (1, 10, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db = sqlite3.connect(sys.argv[1])
    print(*db.execute("SELECT balance FROM account"), sep="\n")


if __name__ == "__main__":
    main()
