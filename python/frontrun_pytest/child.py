"""One test, alone, in a process under the scheduler: `python child.py [OPTION] NODEID PYTEST-ARG...`

The process ends when the test has been judged: status 0 passed, 1 failed, with a short traceback on
stderr whose last line says it all. Nothing is torn down and nothing is finalised, which is what makes
a schedule cheap; so this is also the place where an exception in a thread counts as a failure.
    --thread-exceptions   they do not count: the test passed with them natively
"""

import linecache
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
FAILED = 1
NOT_THERE = 5  # pytest's status for "no tests collected"
SHOWN = 4000  # characters of captured output


def leave(status):
    """The one way out: what was written is written, and nothing else happens."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    os._exit(status)


def is_machinery(path):
    """Frames of the test framework are no part of what went wrong."""
    parts = path.split(os.sep)
    return (path.startswith(HERE + os.sep) or "_pytest" in parts or "pluggy" in parts or
            parts[-2:-1] in (["unittest"], ["pytest"]) or parts[-1:] == ["threading.py"])


def short_path(path):
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def tell(exception, tb, head="Traceback (most recent call last):"):
    """The traceback in the form of Python's own, then its gist in a line: PATH:LINE: TYPE: MESSAGE."""
    frames = [frame for frame in traceback.extract_tb(tb) if not is_machinery(frame.filename)]
    only = traceback.format_exception_only(type(exception), exception)
    shown = [traceback.FrameSummary(short_path(f.filename), f.lineno, f.name, lookup_line=False,
                                    line=f.line) for f in frames]
    text = head + "\n" + "".join(traceback.format_list(shown)) + "".join(only)
    gist = only[-1].split("\n", 1)[0]
    if shown:
        gist = "%s:%s: %s" % (shown[-1].filename, shown[-1].lineno, gist)
    return text + gist + "\n"


class Child:
    def __init__(self, test, exceptions):
        self.test = test
        self.config = None
        self.exceptions = exceptions  # threads.Exceptions, or None

    def take_back(self, config):
        """What was said of the suite and would be wrong for the one test."""
        values = {
            "keyword": "", "markexpr": "", "maxfail": 0, "lf": False, "last_failed": False,
            "failedfirst": False, "newfirst": False, "stepwise": False, "stepwise_skip": False,
            "stepwise_reset": False, "deselect": None, "collectonly": False, "usepdb": False,
            "trace": False, "setupshow": False, "setuponly": False, "setupplan": False,
            "tbstyle": "native", "showlocals": False, "basetemp": None, "xmlpath": None,
            "numprocesses": 0, "dist": "no", "tx": [], "distload": False, "looponfail": False,
            "debug": None, "log_file": None, "pastebin": None,
        }
        for name, value in values.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        # Both would make a thread, or a timer, beside those of the test.
        config._inicache["faulthandler_timeout"] = 0
        if hasattr(config.option, "timeout"):
            config.option.timeout = 0

    def select(self, items):
        same = [item for item in items if item.nodeid == self.test]
        if not same:
            self.say("%s is not there when its file is collected again: its name is not the same each "
                     "time\n" % self.test)
            leave(NOT_THERE)
        items[:] = same[:1]

    def warm_up(self, item):
        """What a failure would load is loaded before the first thread, once for all schedules."""
        try:
            raise AssertionError
        except AssertionError as error:
            tell(error, error.__traceback__)
        linecache.getlines(str(item.fspath))
        self.config.get_terminal_writer()

    def say(self, text):
        capture = self.config and self.config.pluginmanager.getplugin("capturemanager")
        if capture:
            capture.suspend_global_capture(in_=True)
        sys.stderr.write(text)

    def end(self, item, call, report):
        """Called with the verdict of pytest; does not return."""
        if report.passed and self.exceptions and self.exceptions.first:
            exception, tb, thread = self.exceptions.first
            text = tell(exception, tb, "Exception in thread %s:\nTraceback (most recent call last):" % thread)
        elif not report.failed:
            leave(0)
        elif call.excinfo is not None:
            text = tell(call.excinfo.value, call.excinfo.tb)
        else:
            text = report.longreprtext.rstrip("\n") + "\n"
        said = "".join("-- %s --\n%s\n" % (title, content[-SHOWN:].strip("\n"))
                       for title, content in report.sections if content.strip())
        self.say(said + text)
        leave(FAILED)


def hooks(pytest, settings, child):
    """The plugin: hooks need their decorators, so it is made where pytest is known."""

    class Hooks:
        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_cmdline_main(self, config):
            child.config = config
            child.take_back(config)
            yield

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items):
            child.select(items)

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_setup(self, item):
            child.warm_up(item)
            yield

        # Innermost: pytest puts a hook of its own in place for the time of the call.
        @pytest.hookimpl(hookwrapper=True, trylast=True)
        def pytest_runtest_call(self, item):
            if child.exceptions:
                child.exceptions.__enter__()
            yield

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_makereport(self, item, call):
            result = yield
            report = result.get_result()
            if report.when == "call" or not report.passed:
                child.end(item, call, report)

        def pytest_addoption(self, parser):
            settings.add_options(parser)

        def pytest_configure(self, config):
            config.addinivalue_line("markers", settings.MARKER)

    return Hooks()


def main():
    if getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    else:
        sys.path[0] = os.getcwd()
    words = sys.argv[1:]
    tolerant = words[0] == "--thread-exceptions"
    if tolerant:
        del words[0]
    sys.path.append(os.path.dirname(HERE))
    import pytest
    from frontrun_pytest import settings, threads

    child = Child(words[0], None if tolerant else threads.Exceptions())
    sys.argv = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py")] + words[1:]
    status = pytest.main(words[1:], plugins=[hooks(pytest, settings, child)])
    # Only what went wrong before the test comes here.
    leave(int(status) or NOT_THERE)


if __name__ == "__main__":
    main()
