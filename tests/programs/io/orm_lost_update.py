"""Two sessions of an ORM read a login count, add one and write it. Argument: a database URL."""

import sys
import threading

from sqlalchemy import Column, Integer, create_engine
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.pool import NullPool

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    login_count = Column(Integer)


def log_in(engine):
    with Session(engine) as session:
        user = session.get(User, 1)
        user.login_count += 1
        session.commit()


def main():
    engine = create_engine(sys.argv[1], poolclass=NullPool, future=True)
    kept = engine.connect()
    kept.exec_driver_sql("DROP TABLE IF EXISTS users")
    kept.exec_driver_sql("CREATE TABLE users (id integer PRIMARY KEY, login_count integer)")
    kept.commit()
    with Session(engine) as session:
        session.add(User(id=1, login_count=0))
        session.commit()
    threads = [threading.Thread(target=log_in, args=(engine,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept.close()
    with Session(engine) as session:
        count = session.get(User, 1).login_count
    assert count == 2, f"{count} logins counted"


if __name__ == "__main__":
    main()
