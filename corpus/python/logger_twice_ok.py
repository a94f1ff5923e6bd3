"""logger_twice, put right: a lock is held while the logger is set up."""

import io
import logging
import threading


setup_lock = threading.Lock()


def get_logger(stream):
    logger = logging.getLogger("shop")
    with setup_lock:
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
