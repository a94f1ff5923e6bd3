"""A runner for the suite's own process, where each test runs once, natively.

One that started threads and passed is explored when it is torn down. What its search finds makes it
a failure, whose text is the story.
"""

import os
import sys
import unittest

from frontrun_pytest import campaign, notes, threads

CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")
PASSED = object()  # in the place of an exception's type: natively there was none


def command_line(words):
    """sys.argv as `python -m unittest` makes it."""
    return [os.path.basename(sys.executable) + " -m unittest"] + words


class Suite:
    """What the tests of this process have in common."""

    def __init__(self, search, iterations, seconds, words):
        self.search = search
        self.iterations = iterations
        self.seconds = seconds
        self.words = words  # of the command line, for unittest
        self.notes = []

    def explore(self, test, thread_exceptions):
        words = [CHILD] + (["--thread-exceptions"] if thread_exceptions else [])
        command = campaign.python_command() + words + [test] + self.words
        outcome = campaign.explore(self.search, test, command, self.iterations, self.seconds)
        self.notes.append(notes.note(test, outcome))
        return outcome


class Result(unittest.TextTestResult):
    suite = None  # set by runner_for()

    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        self.classes = set()  # whose fixtures started threads
        self.seen = self.before = threads.started()
        self.exceptions = None

    def startTest(self, test):
        self.before = threads.started()
        if self.before > self.seen:
            self.classes.add(type(test))
        self.exceptions = threads.Exceptions()
        self.exceptions.__enter__()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.exceptions.__exit__()
        self.seen = threads.started()

    def addSuccess(self, test):
        wanted = threads.started() > self.before or type(test) in self.classes
        if wanted and self.suite.iterations:
            outcome = self.suite.explore(test.id(), self.exceptions.first is not None)
            if outcome.finding:
                self.addFailure(test, (PASSED, outcome.story, None))
                return
        super().addSuccess(test)

    def _exc_info_to_string(self, err, test):
        return err[1] if err[0] is PASSED else super()._exc_info_to_string(err, test)


def runner_for(suite_):
    class SuiteResult(Result):
        suite = suite_

    class Runner(unittest.TextTestRunner):
        resultclass = SuiteResult

        def run(self, test):
            self.stream.writeln("frontrun: " + notes.header(suite_.iterations, suite_.seconds))
            result = super().run(test)
            if suite_.notes:
                for line in notes.summary(suite_.notes):
                    self.stream.writeln("frontrun: " + line)
            return result

    return Runner
