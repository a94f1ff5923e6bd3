"""A file is looked for and then created: both workers find none."""

import concurrent.futures
import os
import tempfile


def write_report(path, author):
    if not os.path.exists(path):
        with open(path, "x") as report:
            report.write(f"written by {author}\n")


def main():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "report.txt")
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            written = [pool.submit(write_report, path, author) for author in ("ann", "bob")]
        for future in written:
            future.result()


if __name__ == "__main__":
    main()
