import os
from concurrent.futures import ThreadPoolExecutor

import pytest


def pytest_addoption(parser):
    parser.addoption("--flavour", default="none")


@pytest.fixture
def flavour(request):
    return request.config.getoption("--flavour")


@pytest.fixture(scope="session")
def pool():
    with ThreadPoolExecutor(2) as executor:
        list(executor.map(str, range(4)))
        yield executor


@pytest.fixture
def runs():
    """Counts in a file how often a test was run."""

    def note(name):
        with open(os.environ["RUNS"], "a") as file:
            file.write(name + "\n")

    return note
