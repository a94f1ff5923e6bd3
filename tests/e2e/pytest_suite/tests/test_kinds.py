"""All kinds of tests, right and wrong ones.

>>> 1 + 1
2
"""
import sys
import threading
import unittest

import pytest


def both(function):
    threads = [threading.Thread(target=function, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Cell:
    """Each access is locked; two of them are not."""

    def __init__(self):
        self.lock = threading.Lock()
        self.value = 0

    def get(self):
        with self.lock:
            return self.value

    def set(self, value):
        with self.lock:
            self.value = value


@pytest.fixture
def cell():
    return Cell()


def add(cell):
    both(lambda i: cell.set(cell.get() + 1))
    assert cell.get() == 2


def add_safely(times=1):
    lock = threading.Lock()
    out = []

    def run(i):
        for _ in range(times):
            with lock:
                out.append(i)

    both(run)
    assert len(out) == 2 * times


class TestClass:
    def test_lost(self, cell):
        print("said by the test")
        add(cell)


class TestUnit(unittest.TestCase):
    def setUp(self):
        self.cell = Cell()

    def test_lost(self):
        both(lambda i: self.cell.set(self.cell.get() + 1))
        self.assertEqual(self.cell.get(), 2)

    def test_safe(self):
        add_safely()


@pytest.mark.parametrize("name", ["a b", "x[3]::y/z", "\u00e9"])
def test_names(name, flavour):
    assert flavour == "mint"
    add_safely()


def test_deadlock():
    locks = threading.Lock(), threading.Lock()

    def run(i):
        with locks[i]:
            str.upper("a call, at which the interpreter may switch")
            with locks[1 - i]:
                pass

    both(run)


def test_only_without_gil():
    """Nothing between the two is a place where the interpreter could switch."""
    locks = threading.Lock(), threading.Lock()

    def run(i):
        with locks[i]:
            with locks[1 - i]:
                pass

    both(run)


def test_exception(cell):
    def run(i):
        value = cell.get()
        cell.set(value + 1)
        if i == 1 and value == 0:
            raise ValueError("second came first")

    both(run)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_exception_always():
    def run(i):
        raise ValueError("always")

    both(run)


def test_pool(pool):
    assert list(pool.map(int, ["1", "2"])) == [1, 2]


def test_pool_again(pool):
    assert list(pool.map(int, ["1", "2"])) == [1, 2]


def test_alone(runs):
    runs("alone")


@pytest.mark.xfail
def test_xfail(cell):
    add(cell)
    assert cell.get() == 3


@pytest.mark.xfail
def test_xpass(cell):
    add(cell)


@pytest.mark.skip
def test_skip():
    assert False


def test_skip_inside():
    add_safely()
    pytest.skip("no")


def test_fails():
    add_safely()
    assert "natively" == "so"


def test_only_native():
    add_safely()
    assert not [word for word in sys.argv if word.startswith("--rootdir")]


@pytest.mark.frontrun(iterations=30, time=0)
def test_marked():
    add_safely(10)


@pytest.mark.frontrun(iterations=30)
def test_marked_alone():
    pass


@pytest.mark.frontrun(iterations=0)
def test_marked_not(cell):
    add(cell)


@pytest.mark.frontrun(loops=5)
def test_marked_wrong():
    add_safely()
