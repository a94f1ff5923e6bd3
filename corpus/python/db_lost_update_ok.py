"""db_lost_update, put right: the database computes the new balance."""

import contextlib
import os
import sqlite3
import tempfile
import threading


def connect(path):
    return contextlib.closing(sqlite3.connect(path, timeout=60))


def deposit(path, amount):
    with connect(path) as db:
        db.execute("UPDATE account SET balance = balance + ?", (amount,))
        db.commit()


def main():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "bank.db")
        with connect(path) as db:
            db.execute("CREATE TABLE account (balance INTEGER)")
            db.execute("INSERT INTO account VALUES (0)")
            db.commit()
        threads = [threading.Thread(target=deposit, args=(path, amount)) for amount in (10, 20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with connect(path) as db:
            (balance,) = db.execute("SELECT balance FROM account").fetchone()
    assert balance == 30, f"balance {balance}, expected 30"


if __name__ == "__main__":
    main()
