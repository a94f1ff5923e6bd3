"""One instruction reads, one writes, objects of which the class says another thing each time."""

import threading


class Plain:
    def __init__(self):
        self.x = 1


class Default:
    x = 2


class Slots:
    __slots__ = ("x",)


class Property:
    @property
    def x(self):
        return self.kept

    @x.setter
    def x(self, value):
        self.kept = value


class Method:
    def x(self):
        pass


class Many:
    def __init__(self):
        self.a = self.b = self.x = 7


def read(thing):
    return thing.x


def write(thing, value):
    thing.x = value


def main():
    slots, default, changed = Slots(), Default(), Plain()
    slots.x = 3
    for thing in (Plain(), default, slots, Property(), Method(), Many(), default, changed):
        if not isinstance(thing, (Method, Default)):
            write(thing, 10)
        read(thing)
    write(default, 11)  # its own from here on
    read(default)
    Plain.x = property(lambda self: 5, lambda self, value: None)
    read(changed)
    write(changed, 12)
    del Plain.x
    read(changed)
    changed.__dict__["x"] = 13
    read(changed)


thread = threading.Thread(target=main)
thread.start()
thread.join()
