"""One test, alone, under the scheduler: `python child.py [OPTION] TEST UNITTEST-ARGUMENT...`

As frontrun_pytest/child.py: it ends when the test has been judged. The tests are loaded as those of
the suite were, by the same words, and TEST is found among them by its id.
    --thread-exceptions   an exception in a thread is no failure: the test passed with one natively
"""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def tests_in(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_in(test)
        else:
            yield test


def runner_for(wanted, exceptions, verdict):
    class Result(unittest.TestResult):
        def startTest(self, test):
            super().startTest(test)
            if exceptions:
                exceptions.__enter__()

        def addSuccess(self, test):
            if exceptions and exceptions.first:
                self.fail(verdict.tell(*exceptions.first))
            verdict.leave(verdict.PASSED)

        def addSkip(self, test, reason):
            verdict.leave(verdict.PASSED)

        def addExpectedFailure(self, test, err):
            verdict.leave(verdict.PASSED)

        def addFailure(self, test, err):
            self.fail(verdict.tell(err[1], err[2]))

        def addError(self, test, err):
            self.fail(verdict.tell(err[1], err[2]))

        def addSubTest(self, test, subtest, err):
            if err is not None:
                self.fail(verdict.tell(err[1], err[2]))

        def fail(self, text):
            self._restoreStdout()
            sys.stderr.write(text)
            verdict.leave(verdict.FAILED)

    class Runner:
        def __init__(self, buffer=False, tb_locals=False, **_):
            self.buffer = buffer

        def run(self, suite):
            same = [test for test in tests_in(suite) if test.id() == wanted]
            if not same:
                verdict.not_there(wanted)
            module = sys.modules.get(type(same[0]).__module__)
            verdict.warm_up(getattr(module, "__file__", None) or "")
            result = Result()
            result.buffer = self.buffer
            result.startTestRun()
            unittest.TestSuite(same[:1])(result)
            # A test that says nothing of how it ended.
            verdict.not_there(wanted)

    return Runner


def main():
    # What is ours is compiled each time, as in frontrun_pytest/child.py.
    caches, sys.pycache_prefix = sys.pycache_prefix, "/dev/null/none"
    sys.path[0] = os.path.join(os.path.dirname(HERE), "frontrun_pytest")
    import start

    start.set_path()
    from frontrun_pytest import threads, verdict
    from frontrun_unittest import runner

    sys.pycache_prefix = caches
    words = sys.argv[1:]
    tolerant = words[0] == "--thread-exceptions"
    if tolerant:
        del words[0]
    exceptions = None if tolerant else threads.Exceptions()
    sys.argv = runner.command_line(words[1:])
    unittest.main(module=None, testRunner=runner_for(words[0], exceptions, verdict))


if __name__ == "__main__":
    main()
