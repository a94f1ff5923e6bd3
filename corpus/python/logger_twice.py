"""The usual helper that adds a handler to a logger which has none: two threads add one each, and
every line is written twice."""

import io
import logging
import threading


def get_logger(stream):
    logger = logging.getLogger("shop")
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler(stream))
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger


def main():
    logging.getLogger("shop").handlers.clear()
    stream = io.StringIO()
    threads = [threading.Thread(target=get_logger, args=(stream,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    get_logger(stream).info("open")
    assert stream.getvalue() == "open\n", f"written: {stream.getvalue()!r}"


if __name__ == "__main__":
    main()
