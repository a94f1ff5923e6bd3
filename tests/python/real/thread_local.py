"""threading.local under a thread pool: what one request leaves behind the next one finds.

leak:  the user is set and not taken back; an anonymous request on the same worker is somebody's (gil: on)
reset: set and taken back in finally; never fails
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

context = threading.local()


def main(variant):
    def request(user):
        if user:
            context.user = user
        try:
            return getattr(context, "user", "nobody")
        finally:
            if variant == "reset":
                context.__dict__.clear()

    with ThreadPoolExecutor(max_workers=2) as pool:
        seen = [pool.submit(request, user) for user in ("ada", None, None)]
        seen = [future.result() for future in seen]
    assert seen == ["ada", "nobody", "nobody"], seen


if __name__ == "__main__":
    main(sys.argv[1])
