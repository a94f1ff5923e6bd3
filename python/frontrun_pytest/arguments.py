"""From the command line of a suite to that of one of its tests.

Everything that was given is given again, but for the words that say which tests: values of options
may belong to plugins or a conftest that only pytest's own parser knows, so that one is asked which
word is what. What must not apply to a single test (-k, -x, --lf, -n) child.py takes back.
"""

import argparse
import os


def _number_of_values(action):
    """How many words follow an option that was written without `=`; None: all up to the next."""
    if action.nargs is None:
        return 1
    if isinstance(action.nargs, int):
        return action.nargs
    return None


def options_of(parser, words):
    """`words` without positional arguments, by an argparse parser."""
    actions = {}
    for action in parser._actions:
        for name in action.option_strings:
            actions[name] = action
    words = list(words)
    if parser.fromfile_prefix_chars:
        words = parser._read_args_from_files(words)
    kept = []
    i = 0
    while i < len(words):
        word = words[i]
        i += 1
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            continue
        kept.append(word)
        count = 0
        if word in actions:
            count = _number_of_values(actions[word])
        elif not word.startswith("--"):
            # Short ones in one word: -xk NAME. The first that takes a value takes the rest, if any.
            for at, letter in enumerate(word[1:], 1):
                action = actions.get("-" + letter)
                if action is None or action.nargs != 0:
                    count = 1 if action is not None and at == len(word) - 1 else 0
                    break
        end = i
        while end < len(words) and (count is None or end < i + count):
            if count is None and words[end].startswith("-"):
                break
            end += 1
        kept += words[i:end]
        i = end
    return kept


def _without_plugin(words, plugin):
    kept = []
    for word in words:
        if word == plugin and kept and kept[-1] == "-p":
            kept.pop()
        elif word not in ("-p" + plugin, "-p=" + plugin):
            kept.append(word)
    return kept


def given(config):
    """The words of the command line. A worker of xdist knows those of the process that leads it."""
    worker = getattr(config, "workerinput", None)
    if worker:
        return list(worker["mainargv"][1:])
    return [os.fspath(word) for word in config.invocation_params.args]


def for_test(config, path, names, plugin):
    """Arguments for pytest.main() that collect `path`, narrowed to `names` ("Class::test")."""
    path = os.path.relpath(str(path), str(config.invocation_params.dir))
    parser = getattr(config._parser, "optparser", None) or config._parser._getparser()
    if not isinstance(parser, argparse.ArgumentParser):
        raise TypeError("this pytest parses its options in a way that is not known here")
    words = _without_plugin(options_of(parser, given(config)), plugin)
    inipath = getattr(config, "inipath", None) or getattr(config, "inifile", None)
    words.append("--rootdir=%s" % getattr(config, "rootpath", config.rootdir))
    # An ini file that was not used for the suite is not used for the test either.
    words += ["-c", str(inipath or os.devnull)]
    # What the suite leaves there would be read, and a replay would not be the same run.
    if config.pluginmanager.hasplugin("cacheprovider"):
        words += ["-o", "cache_dir=" + os.path.join(os.devnull, "none")]
    if hasattr(config.option, "no_cov"):
        words.append("--no-cov")
    # In a path pytest takes brackets for parameters. What led to the test once does so again.
    if "[" in path:
        return words + [str(word) for word in config.args]
    return words + [path + "::" + names if names else path]
