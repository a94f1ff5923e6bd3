"""Threads add rows with an ORM and ask for them. Argument: a database URL.

A pool makes a thread only when none of it is idle: that there are three is no matter of luck, as the
first three tasks wait for each other.
"""

import concurrent.futures
import sys
import threading

from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, func, select
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()


class Author(Base):
    __tablename__ = "author"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    books = relationship("Book")


class Book(Base):
    __tablename__ = "book"
    id = Column(Integer, primary_key=True)
    author_id = Column(ForeignKey("author.id"))
    title = Column(String)


def add(engine, number, together):
    if number < together.parties:
        together.wait()
    with Session(engine) as session:
        author = Author(name=f"author {number}")
        author.books = [Book(title=f"book {number}.{i}") for i in range(3)]
        session.add(author)
        session.commit()
        return author.id, [book.id for book in author.books]


def main():
    engine = create_engine(sys.argv[1], future=True)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    together = threading.Barrier(3)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for ids in pool.map(lambda number: add(engine, number, together), range(4)):
            print(*ids)
    with Session(engine) as session:
        for name, count in session.execute(
            select(Author.name, func.count(Book.id)).join(Book).group_by(Author.name).order_by(
                Author.name)
        ):
            print(name, count)
    engine.dispose()


if __name__ == "__main__":
    main()
