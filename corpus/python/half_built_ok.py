"""half_built, put right: the settings are published when they are loaded."""

import threading


class Settings:
    _instance = None
    _lock = threading.Lock()

    def __init__(self):
        self._values = {}

    def load(self):
        self._values["port"] = 8080

    def port(self):
        return self._values["port"]

    @classmethod
    def get(cls):
        if cls._instance is None:
            with cls._lock:
                if cls._instance is None:
                    instance = cls()
                    instance.load()
                    cls._instance = instance
        return cls._instance


def server():
    assert Settings.get().port() == 8080


def main():
    Settings._instance = None
    threads = [threading.Thread(target=server) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
