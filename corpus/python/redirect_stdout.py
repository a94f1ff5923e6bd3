"""Capturing output by changing the one sys.stdout of the process: of two threads that capture
their output, one gets that of the other."""

import io
import sys
import threading


def capture(name, captured):
    buffer, before = io.StringIO(), sys.stdout
    sys.stdout = buffer
    print(name)
    sys.stdout = before
    captured[name] = buffer.getvalue()


def main():
    captured = {}
    stdout = sys.stdout
    threads = [threading.Thread(target=capture, args=(name, captured)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout = stdout
    assert captured == {"one": "one\n", "two": "two\n"}, f"captured: {captured}"


if __name__ == "__main__":
    main()
