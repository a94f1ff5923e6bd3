"""create_twice, put right: the creation itself says whether there was one."""

import concurrent.futures
import os
import tempfile


def write_report(path, author):
    try:
        with open(path, "x") as report:
            report.write(f"written by {author}\n")
    except FileExistsError:
        pass


def main():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "report.txt")
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            written = [pool.submit(write_report, path, author) for author in ("ann", "bob")]
        for future in written:
            future.result()


if __name__ == "__main__":
    main()
