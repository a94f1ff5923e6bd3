"""The random module, shared by threads.

gauss:  random.gauss keeps the second of two numbers: two threads get the same one, as its documentation
        says (gil: off, --include random: nothing is called between reading and clearing it)
repeat: random.seed(7), then two threads draw: which one gets what depends on the schedule (gil: on)
own:    a Random each: the same numbers in every schedule; never fails
"""

import random
import sys
import threading


def main(variant):
    drawn = {}
    shared = random.Random(7)
    shared.gauss(0, 1)

    def draw(name, seed):
        generator = random.Random(seed) if variant == "own" else shared
        drawn[name] = generator.gauss(0, 1) if variant == "gauss" else generator.randrange(1000)

    threads = [threading.Thread(target=draw, args=(name, i)) for i, name in enumerate("ab")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if variant == "gauss":
        assert drawn["a"] != drawn["b"], "both drew %r" % drawn["a"]
    elif variant == "own":
        assert (drawn["a"], drawn["b"]) == (864, 137), drawn
    else:
        again = random.Random(7)
        again.gauss(0, 1)
        assert drawn["a"] == again.randrange(1000), drawn


if __name__ == "__main__":
    main(sys.argv[1])
