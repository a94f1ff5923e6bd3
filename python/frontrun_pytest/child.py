"""One test, alone, under the scheduler: `python child.py [OPTION] NODEID PYTEST-ARGUMENT...`

The process ends when the test has been judged: status 0 passed, 1 failed, with a short traceback on
stderr whose last line says it all. Nothing is torn down and nothing is finalised, which is what
makes a schedule cheap; so an exception in a thread is looked at here, and counts as a failure.
    --thread-exceptions   it does not: the test passed with one natively
"""

import os
import sys

# What is ours is compiled each time: a cache that another process writes meanwhile would make a
# replay read another file than the recording.
CACHES, sys.pycache_prefix = sys.pycache_prefix, "/dev/null/none"

import start  # noqa: E402  beside this file

sys.pycache_prefix = CACHES

SHOWN = 4000  # characters of captured output

# What was said of the suite and would be wrong for the one test, by the names of parsed options.
TAKEN_BACK = {
    "keyword": "",
    "markexpr": "",
    "deselect": None,
    "lf": False,
    "last_failed": False,
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
    "stepwise_skip": False,
    "stepwise_reset": False,
    "maxfail": 0,
    "collectonly": False,
    "setuponly": False,
    "setupplan": False,
    "setupshow": False,
    "usepdb": False,
    "trace": False,
    "tbstyle": "native",
    "showlocals": False,
    "basetemp": None,
    "xmlpath": None,
    "log_file": None,
    "debug": None,
    "pastebin": None,
    # xdist
    "numprocesses": 0,
    "dist": "no",
    "tx": [],
    "distload": False,
    "looponfail": False,
    # pytest-timeout: a timer would be a thread beside those of the test
    "timeout": 0,
}


class Child:
    def __init__(self, test, exceptions, verdict):
        self.test = test
        self.config = None
        self.exceptions = exceptions  # threads.Exceptions, or None
        self.verdict = verdict

    def take_back(self, config):
        self.config = config
        for name, value in TAKEN_BACK.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        # A thread of faulthandler's.
        config._inicache["faulthandler_timeout"] = 0

    def select(self, items):
        same = [item for item in items if item.nodeid == self.test]
        if not same:
            self.uncapture()
            self.verdict.not_there(self.test)
        items[:] = same[:1]

    def uncapture(self):
        capture = self.config.pluginmanager.getplugin("capturemanager")
        if capture:
            capture.suspend_global_capture(in_=True)

    def passed(self):
        """As far as the test itself can tell. Does not return; nor do the next two."""
        if self.exceptions and self.exceptions.first:
            self.failed(self.verdict.tell(*self.exceptions.first), [])
        self.verdict.leave(self.verdict.PASSED)

    def failed(self, text, sections):
        self.uncapture()
        for title, content in sections:
            if content.strip():
                sys.stderr.write("-- %s --\n%s\n" % (title, content[-SHOWN:].strip("\n")))
        sys.stderr.write(text)
        self.verdict.leave(self.verdict.FAILED)

    def judged(self, call, report):
        """By pytest."""
        if not report.failed:
            self.passed()
        elif call.excinfo is not None:
            text = self.verdict.tell(call.excinfo.value, call.excinfo.tb)
        else:
            text = report.longreprtext.rstrip("\n") + "\n"
        self.failed(text, report.sections)


def hooks(pytest, settings, child):
    """The plugin: hooks need their decorators, so it is made where pytest is known."""

    class Hooks:
        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_cmdline_main(self, config):
            child.take_back(config)
            yield

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items):
            child.select(items)

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_setup(self, item):
            child.verdict.warm_up(str(item.fspath))
            yield

        # Innermost: pytest puts a hook of its own in place for the time of the call.
        @pytest.hookimpl(hookwrapper=True, trylast=True)
        def pytest_runtest_call(self, item):
            if child.exceptions:
                child.exceptions.__enter__()
            result = yield
            # What pytest does from here to its verdict would be half of a schedule.
            if result.excinfo is None and not getattr(item, "_excinfo", None):
                child.passed()

        # Of a subtest: that of the test comes through the hook below.
        def pytest_runtest_logreport(self, report):
            if report.failed:
                child.failed(report.longreprtext.rstrip("\n") + "\n", report.sections)

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_makereport(self, item, call):
            result = yield
            report = result.get_result()
            if report.when == "call" or not report.passed:
                child.judged(call, report)

        def pytest_addoption(self, parser):
            settings.add_options(parser)

        def pytest_configure(self, config):
            config.addinivalue_line("markers", settings.MARKER)

    return Hooks()


def main():
    start.set_path()
    words = sys.argv[1:]
    tolerant = words[0] == "--thread-exceptions"
    if tolerant:
        del words[0]
    import pytest

    sys.pycache_prefix = "/dev/null/none"
    from frontrun_pytest import settings, threads, verdict

    sys.pycache_prefix = CACHES

    child = Child(words[0], None if tolerant else threads.Exceptions(), verdict)
    sys.argv = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py")] + words[1:]
    status = pytest.main(words[1:], plugins=[hooks(pytest, settings, child)])
    # Only what went wrong before the test comes here.
    verdict.leave(int(status) or verdict.NOT_THERE)


if __name__ == "__main__":
    main()
