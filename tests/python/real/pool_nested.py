"""A task of a ThreadPoolExecutor that waits for another task of the same pool.

starved: two workers, two such tasks: when both have begun nobody is left: stuck (gil: on)
roomy:   three workers; never fails
"""

import sys
from concurrent.futures import ThreadPoolExecutor


def main(variant):
    with ThreadPoolExecutor(max_workers=3 if variant == "roomy" else 2) as pool:

        def page(number):
            image = pool.submit(pow, number, 2)
            return "page %d, image %d" % (number, image.result())

        pages = [pool.submit(page, i) for i in (1, 2)]
        assert [p.result() for p in pages] == ["page 1, image 1", "page 2, image 4"]


if __name__ == "__main__":
    main(sys.argv[1])
