"""Ways in which an attribute is found: slots, metaclasses, several bases, properties, descriptors,
__getattr__ of objects and modules, class attributes, super(). The sums are right in every schedule."""

import sys
import threading

lock = threading.Lock()


class Meta(type):
    made = 0

    def __call__(cls, *arguments):
        with lock:
            Meta.made += 1
        return super().__call__(*arguments)


class Counted:
    """A descriptor that counts what goes through it."""

    def __set_name__(self, owner, name):
        self.name = "_" + name
        self.reads = self.writes = 0

    def __get__(self, instance, owner):
        if instance is None:
            return self
        self.reads += 1
        return getattr(instance, self.name)

    def __set__(self, instance, value):
        self.writes += 1
        setattr(instance, self.name, value)


class Base(metaclass=Meta):
    __slots__ = ("_value", "__dict__")
    value = Counted()

    def add(self, amount):
        self.value = self.value + amount
        return ["Base"]


class Left(Base):
    def add(self, amount):
        return ["Left"] + super().add(amount)


class Right(Base):
    __slots__ = ("side",)

    def add(self, amount):
        self.side = amount
        return ["Right"] + super().add(amount)


class Both(Left, Right):
    total = 0

    @property
    def doubled(self):
        return 2 * self.value

    @doubled.setter
    def doubled(self, twice):
        self.value = twice // 2

    @classmethod
    def count(cls):
        cls.total += 1

    def __getattr__(self, name):
        return len(name)


class Module(type(sys)):
    def __getattr__(self, name):
        self.asked += 1
        return name.upper()


module = sys.modules["frontrun_module"] = Module("frontrun_module")
module.asked = 0
shared = Both()
shared.value = 0


def body():
    import frontrun_module

    own = Both()
    own.value = 0
    for _ in range(2):
        assert own.add(1) == ["Left", "Right", "Base"]
        with lock:
            shared.add(1)
            shared.doubled = shared.doubled + 2
            Both.count()
            assert shared.missing == 7 and frontrun_module.word == "WORD"
    assert own.value == 2


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert (shared.value, Both.total, Meta.made, module.asked) == (8, 4, 3, 4)
print("classes")
