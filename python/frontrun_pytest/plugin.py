"""The plugin of the suite's own pytest, which runs as ever: each test once, natively.

A test that started threads and passed is then explored: a search of its own, in a child, after the
teardown and before its report is given. What the search finds makes the report a failure, whose
text is the story. What could not be explored is listed at the end, with the reason.
"""

import os

import _pytest
import pluggy
import pytest
from _pytest import runner
from _pytest._code.code import ReprFileLocation, TerminalRepr

from frontrun_pytest import arguments, campaign, notes, options, settings, threads

PLUGIN = "frontrun_pytest.plugin"
CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")

# Not for the programs that tests start.
PROGRAM_PATH = os.environ.pop(options.PROGRAM, None)
# What the suite was started with, before a conftest has changed it: its children do that again.
ENVIRONMENT = dict(os.environ)


class Story(TerminalRepr):
    """The failure of an explored test."""

    def __init__(self, text, location):
        self.text = text
        self.reprcrash = location

    def toterminal(self, tw):
        for line in self.text.splitlines():
            tw.line(line)

    def __str__(self):
        return self.text


class Suite:
    """What the tests of this process have in common."""

    def __init__(self, config, program):
        self.fixtures = set()  # definitions that started threads when they were set up
        directory = str(config.invocation_params.dir)
        output = options.output_folder(directory, config.getoption("frontrun_output"))
        search = campaign.Search(program, directory, output, ENVIRONMENT)
        search.seed = config.getoption("frontrun_seed")
        search.gil = config.getoption("frontrun_gil")
        search.fail_on = settings.fail_on(config)
        search.options = list(config.getoption("frontrun_option"))
        search.frameworks += [os.path.dirname(m.__file__) for m in (pytest, _pytest, pluggy)]
        self.search = search
        self.explores = settings.PerTest(config).iterations > 0
        self.thread_exceptions = False  # did a thread of the last call end with one?

    # ---- one test, natively ----

    def protocol(self, item, nextitem):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self.run(item, nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def run(self, item, nextitem):
        """runtestprotocol() of pytest, but that the reports of a test to explore are held back."""
        has_request = hasattr(item, "_request")
        if has_request and not item._request:
            item._initrequest()
        before = threads.started()
        try:
            setup = runner.call_and_report(item, "setup", True)
            call = None
            if setup.passed:
                if item.config.getoption("setupshow", False):
                    runner.show_test_item(item)
                if not item.config.getoption("setuponly", False):
                    call = runner.call_and_report(item, "call", False)
            wanted = call is not None and self.is_wanted(item, call, threads.started() > before)
            if call is not None and not wanted:
                item.ihook.pytest_runtest_logreport(report=call)
            if item.session.shouldfail or item.session.shouldstop:
                nextitem = None
            teardown = runner.call_and_report(item, "teardown", not wanted, nextitem=nextitem)
        finally:
            if has_request:
                item._request = False
                item.funcargs = None
        if wanted:
            self.judge(item, call, teardown)
            item.ihook.pytest_runtest_logreport(report=call)
            item.ihook.pytest_runtest_logreport(report=teardown)

    def used_fixtures(self, item):
        info = getattr(item, "_fixtureinfo", None)
        for definitions in getattr(info, "name2fixturedefs", {}).values():
            if self.fixtures.intersection(definitions):
                return True
        return False

    def is_wanted(self, item, call, has_threads):
        if not call.passed:
            return False
        if item.get_closest_marker("frontrun"):
            return True
        return self.explores and (has_threads or self.used_fixtures(item))

    # ---- the search ----

    def judge(self, item, call, teardown):
        """Explores, and makes of what came of it the report of the test."""
        try:
            wish = settings.per_test(item)
        except pytest.UsageError as error:
            call.frontrun = notes.not_explored(item.nodeid, str(error))
            self.fail(item, call, str(error))
            return
        why = self.why_not(item, call, teardown, wish)
        if why:
            call.frontrun = notes.not_explored(item.nodeid, why)
            return
        try:
            outcome = campaign.explore(
                self.search, item.nodeid, self.command(item), wish.iterations, wish.seconds
            )
        except campaign.UsageError as error:
            raise pytest.UsageError(str(error))
        call.frontrun = notes.note(item.nodeid, outcome)
        why = notes.too_little(outcome)
        if outcome.finding:
            gist = outcome.finding.get("message") or outcome.finding.get("failure")
            self.fail(item, call, gist, outcome.story)
        elif wish.marked and why:
            self.fail(item, call, "marked frontrun, and too little of it ran: " + why)

    @staticmethod
    def why_not(item, call, teardown, wish):
        if not wish.iterations:
            return "no schedules are to be tried (iterations=0)"
        if not isinstance(item, pytest.Function):
            return "it is a %s and no test function" % type(item).__name__
        if hasattr(call, "wasxfail"):
            return "it is marked xfail"
        if not teardown.passed:
            return "its teardown failed"
        return None

    def command(self, item):
        path = getattr(item, "path", None) or item.fspath
        # Parameters and odd names are left to the child, which compares whole node ids.
        names = item.nodeid.partition("::")[2].partition("[")[0]
        words = [CHILD]
        if self.thread_exceptions:
            words.append("--thread-exceptions")
        words.append(item.nodeid)
        words += arguments.for_test(item.config, path, names, PLUGIN)
        return campaign.python_command() + words

    @staticmethod
    def fail(item, call, gist, story=None):
        """The gist is for the short summary."""
        gist = "frontrun: " + gist
        path, line, _ = item.location
        call.outcome = "failed"
        call.longrepr = Story(story or gist, ReprFileLocation(path, (line or 0) + 1, gist))


def namesake():
    """The other package that is called frontrun, if it is installed: (version, place)."""
    from importlib import metadata

    try:
        found = metadata.distribution("frontrun")
    except metadata.PackageNotFoundError:
        return None
    return found.version, str(found.locate_file("frontrun"))


class Terminal:
    """What is said at the beginning and the end, in the process that has the terminal."""

    def __init__(self):
        self.notes = []

    def pytest_report_header(self, config):
        wish = settings.PerTest(config)
        lines = ["frontrun: " + notes.header(wish.iterations, wish.seconds)]
        other = namesake()
        if other:
            lines.append(
                "frontrun: the package frontrun %s of PyPI is installed too (%s): it is another "
                "program, and not used here" % other
            )
        return lines

    def pytest_runtest_logreport(self, report):
        if hasattr(report, "frontrun"):
            self.notes.append(report.frontrun)

    def pytest_terminal_summary(self, terminalreporter):
        if self.notes:
            terminalreporter.section("frontrun")
            for line in notes.summary(self.notes):
                terminalreporter.write_line(line)


class Hooks:
    """What runs and watches tests, in each process that does."""

    def __init__(self, suite):
        self.suite = suite
        self.handled = None
        self.elsewhere = False  # does another plugin run the test, and did that start threads?

    def pytest_runtest_protocol(self, item, nextitem):
        self.handled = item
        self.suite.protocol(item, nextitem)
        return True

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        before = threads.started()
        yield
        if threads.started() > before:
            self.suite.fixtures.add(fixturedef)

    # Innermost: pytest puts a hook of its own in place for the time of the call.
    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_call(self, item):
        before = threads.started()
        with threads.Exceptions() as exceptions:
            yield
        self.suite.thread_exceptions = exceptions.first is not None
        self.elsewhere = self.handled is not item and threads.started() > before

    # Another plugin may run tests in our place, to repeat them say. That is no reason to be silent.
    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        result = yield
        report = result.get_result()
        if report.when == "call" and report.passed and self.handled is not item and self.elsewhere:
            report.frontrun = notes.not_explored(
                item.nodeid, "another plugin runs this test in its own way"
            )


class Leader:
    """In the process that leads workers of xdist."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["frontrun"] = PROGRAM_PATH


def pytest_addoption(parser):
    settings.add_options(parser)


def pytest_configure(config):
    config.addinivalue_line("markers", settings.MARKER)
    worker = getattr(config, "workerinput", None)
    program = worker.get("frontrun") if worker else PROGRAM_PATH
    if not program:
        raise pytest.UsageError("this plugin is started by `frontrun pytest`")
    suite = Suite(config, program)
    config.pluginmanager.register(Hooks(suite), "frontrun-hooks")
    if not worker:
        config.pluginmanager.register(Terminal(), "frontrun-terminal")
        config.pluginmanager.register(Leader(), "frontrun-leader")
    threads.install()
