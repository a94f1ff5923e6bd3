"""Threads insert into a table of PostgreSQL and read it. Argument: a connection string."""

import sys
import threading

import psycopg2

ROWS = 5


def worker(dsn, number):
    db = psycopg2.connect(dsn)
    with db, db.cursor() as cursor:
        for row in range(ROWS):
            cursor.execute("INSERT INTO entry VALUES (%s, %s)", (number, row))
    with db, db.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM entry WHERE worker = %s", (number,))
        print(f"worker {number} sees {cursor.fetchone()[0]} rows")
    db.close()


def main():
    dsn = sys.argv[1]
    db = psycopg2.connect(dsn)
    db.autocommit = True
    cursor = db.cursor()
    cursor.execute("DROP TABLE IF EXISTS entry")
    cursor.execute("CREATE TABLE entry (worker integer, n integer, at timestamp DEFAULT now())")
    threads = [threading.Thread(target=worker, args=(dsn, i)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cursor.execute("SELECT count(*), max(at), txid_current() FROM entry")
    print("all rows, last change, transaction:", *cursor.fetchone())
    try:
        cursor.execute("SELECT nothing")
    except psycopg2.Error as error:
        print(str(error).splitlines()[0])


if __name__ == "__main__":
    main()
