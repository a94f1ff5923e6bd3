"""Right and wrong tests of unittest. RUNS is a file in which each run of some tests is counted."""
import os
import sys
import threading
import unittest


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


class Cells(unittest.TestCase):
    def setUp(self):
        self.cell = Cell()

    def add(self):
        both(lambda i: self.cell.set(self.cell.get() + 1))

    def test_lost(self):
        self.add()
        self.assertEqual(self.cell.get(), 2)

    def test_lost_in_part(self):
        self.add()
        with self.subTest(part=1):
            self.assertEqual(self.cell.get(), 2)

    def test_safe(self):
        out = []
        both(out.append)
        self.assertEqual(len(out), 2)

    def test_exception(self):
        def run(i):
            value = self.cell.get()
            self.cell.set(value + 1)
            if i == 1 and value == 0:
                raise ValueError("second came first")

        both(run)

    def test_alone(self):
        with open(os.environ["RUNS"], "a") as file:
            file.write("alone\n")

    @unittest.skip("no")
    def test_skip(self):
        pass

    @unittest.expectedFailure
    def test_expected(self):
        self.add()
        self.fail()

    def test_fails(self):
        self.add()
        self.assertEqual("natively", "so")

    def test_only_native(self):
        self.add()
        self.assertNotIn("child.py", " ".join(sys.orig_argv))


class Shared(unittest.TestCase):
    """A thread that belongs to the class."""

    @classmethod
    def setUpClass(cls):
        cls.wanted = threading.Event()
        cls.done = threading.Event()
        cls.thread = threading.Thread(target=cls.serve, daemon=True)
        cls.thread.start()

    @classmethod
    def serve(cls):
        cls.wanted.wait()
        cls.done.set()

    def test_served(self):
        self.wanted.set()
        self.assertTrue(self.done.wait())
