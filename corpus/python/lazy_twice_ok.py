"""lazy_twice, put right: the look and the store hold a lock."""

import threading


class Registry:
    _instance = None
    _lock = threading.Lock()

    def __init__(self):
        self.plugins = []

    @classmethod
    def instance(cls):
        with cls._lock:
            if cls._instance is None:
                cls._instance = cls()
            return cls._instance


def register(plugin):
    Registry.instance().plugins.append(plugin)


def main():
    Registry._instance = None
    threads = [threading.Thread(target=register, args=(name,)) for name in ("csv", "json")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    plugins = sorted(Registry.instance().plugins)
    assert plugins == ["csv", "json"], f"registered: {plugins}"


if __name__ == "__main__":
    main()
