"""The program of pair.py as a test."""

import threading

import pytest
from pair import Account


@pytest.fixture
def account():
    return Account()


def test_deposits(account):
    threads = [threading.Thread(target=account.deposit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.balance == 8
