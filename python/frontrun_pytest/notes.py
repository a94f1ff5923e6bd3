"""What is remembered of each explored test, as a dict of plain values, and the lines at the end.

A note travels from a worker of xdist to the process with the terminal.
"""

from frontrun_pytest import campaign

KINDS = (
    ("finding", "found"),
    ("not explored", "not explored"),
    ("warning", "warning"),
    ("only without the GIL", "only without the GIL, so no failure"),
)


def note(test, outcome):
    made = {"test": test, "schedules": outcome.schedules, "seconds": outcome.seconds}
    if outcome.finding:
        made["finding"] = outcome.finding.get("trace") or "no trace could be kept"
    if outcome.only_without_gil:
        made["only without the GIL"] = outcome.only_without_gil.get("trace") or "no trace"
    if outcome.trouble:
        made["not explored"] = outcome.trouble
    if outcome.warning:
        made["warning"] = outcome.warning
    return made


def not_explored(test, why):
    return {"test": test, "not explored": why}


def too_little(outcome):
    """Why a search without a finding says nothing about the test, or None."""
    if outcome.trouble:
        return outcome.trouble
    if outcome.threads < 2:
        return "only one thread ever ran"
    if outcome.points < campaign.FEW_POINTS:
        return "there are only %d points at which another thread could go on, fewer than %d" % (
            outcome.points,
            campaign.FEW_POINTS,
        )
    return None


def header(iterations, seconds):
    if not iterations:
        return "no test is explored (--frontrun-iterations 0)"
    limit = ", or for %g s" % seconds if seconds else ""
    return "each test that starts threads is tried in %d schedules%s" % (iterations, limit)


def _plural(n, word):
    return "%d %s%s" % (n, word, "" if n == 1 else "s")


def summary(notes):
    explored = [made for made in notes if made.get("schedules")]
    yield "%s explored, %s in %.1f s, %s" % (
        _plural(len(explored), "test"),
        _plural(sum(made["schedules"] for made in explored), "schedule"),
        sum(made["seconds"] for made in explored),
        _plural(sum("finding" in made for made in notes), "finding"),
    )
    for key, words in KINDS:
        for made in notes:
            if key in made:
                yield "%s: %s: %s" % (words, made["test"], made[key])
