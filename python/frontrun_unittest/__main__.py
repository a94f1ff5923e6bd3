"""What `frontrun unittest` starts: unittest's own command line, with the runner of runner.py."""

import argparse
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def make_suite(words):
    """From the command line: a runner.Suite. Raises ValueError with a sentence."""
    from frontrun_pytest import campaign, options
    from frontrun_unittest import runner

    program = os.environ.pop(options.PROGRAM, None)
    if not program:
        raise ValueError("this is started by `frontrun unittest`")
    parser = argparse.ArgumentParser(prog="frontrun unittest", add_help=False, allow_abbrev=False)
    options.add(parser.add_argument)
    said, words = parser.parse_known_args(words)
    iterations, seconds = said.frontrun_iterations, said.frontrun_time
    if iterations is None:
        iterations = options.ITERATIONS
    if seconds is None:
        seconds = options.SECONDS
    directory = os.getcwd()
    output = options.output_folder(directory, said.frontrun_output)
    search = campaign.Search(program, directory, output, dict(os.environ))
    search.seed = said.frontrun_seed
    search.gil = said.frontrun_gil
    search.fail_on = said.frontrun_fail_on or search.fail_on
    search.options = said.frontrun_option
    return runner.Suite(
        search,
        options.number("--frontrun-iterations", iterations, int),
        options.number("--frontrun-time", seconds, float),
        words,
    )


def main():
    sys.path[0] = os.path.join(os.path.dirname(HERE), "frontrun_pytest")
    import start

    status = start.too_old("unittest")
    if status is not None:
        return status
    start.set_path()
    from frontrun_pytest import campaign, threads
    from frontrun_unittest import runner

    try:
        suite = make_suite(sys.argv[1:])
        threads.install()
        sys.argv = runner.command_line(suite.words)
        unittest.main(module=None, testRunner=runner.runner_for(suite))
    except (ValueError, campaign.UsageError) as error:
        return start.complain("unittest", str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
