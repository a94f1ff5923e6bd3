"""What `frontrun pytest` starts: pytest as `python -m pytest` would, with our plugin.

The plugin is found by this process's sys.path alone: the environment stays the user's, and so do
the programs that tests start.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
USAGE = 4  # of pytest


def complain(sentence):
    sys.stderr.write("frontrun: pytest: %s\n" % sentence)
    return USAGE


def main():
    # As with -m: the working directory comes first, and not the folder of this file.
    if getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    else:
        sys.path[0] = os.getcwd()
    if sys.version_info < (3, 8):
        return complain("%s is Python %d.%d, and 3.8 is the oldest that works: name another one with "
                        "--python" % ((sys.executable,) + sys.version_info[:2]))
    try:
        import pytest
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        return complain("%s has no pytest: install it (%s -m pip install pytest), or name another "
                        "Python with --python" % (sys.executable, sys.executable))
    if tuple(int(n) for n in pytest.__version__.split(".")[:2]) < (6, 0):
        return complain("this is pytest %s, and 6.0 is the oldest that works" % pytest.__version__)
    sys.path.append(os.path.dirname(HERE))
    arguments = sys.argv[1:]
    sys.argv[0] = os.path.join(os.path.dirname(pytest.__file__), "__main__.py")
    return pytest.main(["-p", "frontrun_pytest.plugin"] + arguments)


if __name__ == "__main__":
    sys.exit(main())
