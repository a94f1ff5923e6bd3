"""Objects whose special methods count that they are called, and some of which raise: each is called as
often as the program itself does it, in every schedule. Who looks at a value must not run it."""

import functools
import sys
import threading

calls = []


def counting(name, result):
    def method(self, *_):
        calls.append(name)
        if isinstance(result, Exception):
            raise result
        return result

    return method


class Hostile:
    __slots__ = ("field", "__weakref__")


SPECIAL = {
    "__repr__": ValueError("repr"),
    "__str__": ValueError("str"),
    "__format__": ValueError("format"),
    "__bytes__": ValueError("bytes"),
    "__dir__": ValueError("dir"),
    "__len__": ValueError("len"),
    "__bool__": ValueError("bool"),
    "__iter__": ValueError("iter"),
    "__index__": ValueError("index"),
    "__int__": ValueError("int"),
    "__float__": ValueError("float"),
    "__call__": ValueError("call"),
    "__getattr__": AttributeError("getattr"),
    "__reduce_ex__": ValueError("reduce"),
    "__sizeof__": ValueError("sizeof"),
    "__instancecheck__": ValueError("instancecheck"),
    "__hash__": 7,
    "__eq__": True,
    "__del__": None,
    "__getitem__": 1,
    "__setitem__": None,
    "__contains__": True,
}
for special, answer in SPECIAL.items():
    setattr(Hostile, special, counting(special, answer))


class Meta(type):
    def __repr__(cls):
        calls.append("Meta.__repr__")
        raise ValueError("repr of a class")

    def __getattribute__(cls, name):
        calls.append("Meta.__getattribute__")
        return super().__getattribute__(name)

    @property
    def __name__(cls):
        calls.append("Meta.__name__")
        raise ValueError("name of a class")


class Odd(metaclass=Meta):
    def __getattribute__(self, name):
        calls.append("__getattribute__")
        return super().__getattribute__(name)

    def __setattr__(self, name, value):
        calls.append("__setattr__")
        super().__setattr__(name, value)

    @property
    def __class__(self):
        calls.append("__class__")
        return int


class Lazy:
    """A descriptor that has only __get__."""

    def __get__(self, instance, owner):
        calls.append("Lazy.__get__")
        return 1


class Holder:
    lazy = Lazy()
    once = functools.cached_property(lambda self: calls.append("cached_property"))


holder = Holder()
table = {}
row = [None]
whole = None


def body():
    global whole
    mine = Hostile()
    mine.field = 1
    holder.hostile = mine
    whole = mine
    row[0] = mine
    table["hostile"] = mine
    table[mine] = 1
    assert table[mine] == 1 and mine in table
    mine["key"] = mine["other"]
    assert "key" in mine
    odd = Odd()
    odd.field = mine
    holder.odd = odd
    holder.field = odd.field
    cell = odd

    def inner():
        return cell

    assert inner() is odd
    own = Holder()
    assert own.lazy == own.lazy == 1
    assert own.once is own.once is None
    del mine


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
threads = thread = None
table.clear()
row.clear()
whole = holder = None
counted = {name: calls.count(name) for name in sorted(set(calls))}
# __eq__: the second object meets the first one as a key: when it is put in, read, and looked for.
expected = {
    "Lazy.__get__": 4,
    "__contains__": 2,
    "__del__": 2,
    "__eq__": 3,
    "__getattribute__": 2,
    "__getitem__": 2,
    "__hash__": 6,
    "__setattr__": 2,
    "__setitem__": 2,
    "cached_property": 2,
}
if counted != expected:
    sys.exit("called %s, expected %s" % (counted, expected))
print("called as often as said")
