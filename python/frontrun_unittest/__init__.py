"""`frontrun unittest`: `python -m unittest`, and each test that starts threads is explored.

As frontrun_pytest, whose parts it uses, for those who have no pytest.
"""
