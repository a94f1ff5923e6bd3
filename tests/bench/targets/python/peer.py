"""The cases under the package of PyPI that has our name: peer.py CASE STRATEGY COUNT SEED

Prints one JSON object: how many interleavings it explored, in how many seconds, and what it found.
"""

import json
import sys
import time

import frontrun
from cases import CASES


def main():
    name, strategy, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    case = CASES[name]
    options = ({"max_attempts": count, "seed": seed} if strategy == "random" else
               {"max_executions": count, "preemption_bound": None})
    begin, explored, found = time.monotonic(), 0, ""
    try:
        result = frontrun.explore(setup=case, workers=list(case.workers), invariant=case.holds,
                                  strategy=strategy, reproduce_on_failure=0, **options)
        explored = result.num_explored
        if not result.property_holds:
            found = "deadlock" if "deadlock" in (result.explanation or "").lower() else "violation"
    except Exception as error:  # pylint: disable=broad-except
        found = f"raised {type(error).__name__}"
    print(json.dumps({"explored": explored, "seconds": time.monotonic() - begin,
                      "found": found}))


if __name__ == "__main__":
    main()
