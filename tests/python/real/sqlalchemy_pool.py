"""SQLAlchemy's QueuePool in front of a database that counts its connections.

warm:     as many connections as pool_size allows, never more, all given back; never fails
cold:     the same when the very first connections are made by several threads at once: AssertionError in
          for_modify (sqlalchemy/event/attr.py), a bug of SQLAlchemy 1.4.46 (gil: on, --include sqlalchemy)
metrics:  a gauge of our own in the events of the pool, `+= 1` on an attribute: lost (gil: off)
property: the gauge is a property with a setter, as a metrics library has it: lost (gil: on)
"""

import sys
import threading

from sqlalchemy import event, pool

# More than a minute: that long a schedule may let a thread stand still while others wait.
PATIENCE = 600


class Connection:
    opened = []

    def __init__(self):
        Connection.opened.append(self)

    def rollback(self):
        pass

    def close(self):
        Connection.opened.remove(self)


class Gauge:
    def __init__(self):
        self.plain = 0
        self._value = 0

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, value):
        self._value = value


def main(variant):
    Connection.opened = []
    gauge = Gauge()
    connections = pool.QueuePool(Connection, pool_size=2, max_overflow=0, timeout=PATIENCE)

    if variant == "metrics":

        @event.listens_for(connections, "checkout")
        def checkout(*_):
            gauge.plain += 1

        @event.listens_for(connections, "checkin")
        def checkin(*_):
            gauge.plain -= 1

    elif variant == "property":

        @event.listens_for(connections, "checkout")
        def checkout(*_):
            gauge.value += 1

        @event.listens_for(connections, "checkin")
        def checkin(*_):
            gauge.value -= 1

    if variant != "cold":
        connections.connect().close()

    def request():
        connection = connections.connect()
        assert len(Connection.opened) <= 2, "%d connections" % len(Connection.opened)
        connection.close()

    threads = [threading.Thread(target=request) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connections.checkedout() == 0, "%d connections are out" % connections.checkedout()
    assert gauge.plain == gauge.value == 0, "the gauge says %d" % (gauge.plain + gauge.value)


if __name__ == "__main__":
    main(sys.argv[1])
