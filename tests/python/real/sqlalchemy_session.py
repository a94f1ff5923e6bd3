"""SQLAlchemy's ORM over SQLite in memory, two threads.

shared: one Session for both, against its documentation (gil: on): states of the session, of the
        transaction and of SQLite get mixed up in many ways
scoped: scoped_session, with one connection that the pool gives to one thread at a time; never fails
"""

import sys
import threading

from sqlalchemy import Column, Integer, String, create_engine
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker
from sqlalchemy.pool import QueuePool

# More than a minute: that long a schedule may let a thread stand still while others wait.
PATIENCE = 600
Base = declarative_base()


class User(Base):
    __tablename__ = "user"
    id = Column(Integer, primary_key=True)
    name = Column(String)


def main(variant):
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0,
                           pool_timeout=PATIENCE, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    session = scoped_session(sessionmaker(bind=engine))
    if variant == "shared":
        session = session()

    def register(name):
        session.add(User(name=name))
        session.commit()
        if variant == "scoped":
            session.remove()

    threads = [threading.Thread(target=register, args=(name,)) for name in ("ada", "grace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = sorted(user.name for user in session.query(User))
    assert names == ["ada", "grace"], names


if __name__ == "__main__":
    main(sys.argv[1])
