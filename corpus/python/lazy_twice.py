"""A registry is made when it is first needed: two threads need it first."""

import threading


class Registry:
    _instance = None

    def __init__(self):
        self.plugins = []

    @classmethod
    def instance(cls):
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
