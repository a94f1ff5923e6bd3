"""Keys of dictionaries whose __hash__ and __eq__ are the program's own, also in the dictionary of an
instance and of a module: they are asked when the program looks for something, and then only."""

import sys
import threading

calls = []


class Key(str):
    def __hash__(self):
        calls.append("hash")
        return str.__hash__(self)

    def __eq__(self, other):
        calls.append("eq")
        return str.__eq__(self, other)


class Holder:
    shared = 0


class Table(dict):
    def __missing__(self, key):
        calls.append("missing")
        return None

    def __getitem__(self, key):
        calls.append("getitem")
        return super().__getitem__(key)


holder = Holder()
holder.__dict__[Key("field")] = 1
globals()[Key("place")] = 2
table = {Key("a"): 1, Key("b"): 2}
other = Table()
calls.clear()


def body():
    for _ in range(3):
        # Looked for by a name of the same hash, once each: one eq.
        assert holder.field == 1
        assert place == 2
        # One hash and no eq, as it is the same object; one eq as it is not.
        for key in table:
            assert key in table
        assert table["a"] == 1
        assert other["nothing"] is None


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
counted = {name: calls.count(name) for name in sorted(set(calls))}
# The interpreter looks once more for a global when it specialises an instruction.
expected = {"eq": min(max(counted["eq"], 18), 20), "getitem": 6, "hash": 12, "missing": 6}
if counted != expected:
    sys.exit("called %s, expected %s" % (counted, expected))
print("asked as often as said")
