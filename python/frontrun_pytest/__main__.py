"""What `frontrun pytest` starts: pytest as `python -m pytest` would, with our plugin.

The plugin is found by this process's sys.path alone: the environment stays the user's, and so do
the programs that tests start.
"""

import os
import sys

import start  # beside this file, which is all that sys.path can be trusted with yet


def main():
    status = start.too_old("pytest")
    if status is not None:
        return status
    start.set_path()
    try:
        import pytest
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        return start.complain(
            "pytest",
            "%s has no pytest: install it (%s -m pip install pytest), or name another Python with "
            "--python" % (sys.executable, sys.executable),
        )
    if int(pytest.__version__.split(".")[0]) < 6:
        return start.complain(
            "pytest", "this is pytest %s, and 6.0 is the oldest that works" % pytest.__version__
        )
    arguments = sys.argv[1:]
    sys.argv[0] = os.path.join(os.path.dirname(pytest.__file__), "__main__.py")
    return pytest.main(["-p", "frontrun_pytest.plugin"] + arguments)


if __name__ == "__main__":
    sys.exit(main())
