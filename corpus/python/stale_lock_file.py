"""A lock file whose owner is dead may be removed. Between the look at the owner and the removal
another worker has removed it and made its own."""

import contextlib
import os
import tempfile
import threading

ALIVE = ("indexer", "mailer")


class LockFile:
    def __init__(self, path):
        self.path = path
        self.owners = []

    def create(self, owner):
        try:
            os.symlink(owner, self.path)
        except FileExistsError:
            return False
        self.owners.append(owner)
        return True

    def owner_alive(self):
        try:
            return os.readlink(self.path) in ALIVE
        except FileNotFoundError:
            return False

    def acquire(self, owner):
        if self.create(owner):
            return True
        if self.owner_alive():
            return False
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        return self.create(owner)


def main():
    with tempfile.TemporaryDirectory() as directory:
        lock_file = LockFile(os.path.join(directory, "lock"))
        os.symlink("crashed", lock_file.path)
        threads = [threading.Thread(target=lock_file.acquire, args=(name,)) for name in ALIVE]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(lock_file.owners) == 1, f"owners: {lock_file.owners}"


if __name__ == "__main__":
    main()
