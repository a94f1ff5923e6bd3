"""get_or_create() of a database looks for a row and inserts it when there is none: two sessions
find none."""

import contextlib
import os
import sqlite3
import tempfile
import threading


def connect(path):
    return contextlib.closing(sqlite3.connect(path, timeout=60))


def get_or_create(path, name):
    with connect(path) as db:
        row = db.execute("SELECT rowid FROM tag WHERE name = ?", (name,)).fetchone()
        if row is None:
            db.execute("INSERT INTO tag VALUES (?)", (name,))
            db.commit()


def main():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "tags.db")
        with connect(path) as db:
            db.execute("CREATE TABLE tag (name TEXT)")
            db.commit()
        threads = [threading.Thread(target=get_or_create, args=(path, "new")) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with connect(path) as db:
            (tags,) = db.execute("SELECT count(*) FROM tag").fetchone()
    assert tags == 1, f"{tags} tags of one name"


if __name__ == "__main__":
    main()
