"""redirect_stdout, put right: each thread prints to its buffer."""

import io
import sys
import threading


def capture(name, captured):
    buffer = io.StringIO()
    print(name, file=buffer)
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
