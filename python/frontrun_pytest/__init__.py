"""`frontrun pytest`: a suite runs as ever, and each test that starts threads is explored.

plugin.py runs in the pytest of the user, child.py under the scheduler, one test at a time. Nothing
here is called `frontrun`, which is the name of another package on PyPI.
"""
