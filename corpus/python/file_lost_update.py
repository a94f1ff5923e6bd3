"""A file of settings is read, changed and written whole by two threads."""

import json
import os
import tempfile
import threading


def update(path, key, value):
    with open(path) as file:
        settings = json.load(file)
    settings[key] = value
    with open(path + "." + key, "w") as file:
        json.dump(settings, file)
    os.replace(path + "." + key, path)


def main():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "settings.json")
        with open(path, "w") as file:
            json.dump({}, file)
        threads = [threading.Thread(target=update, args=(path, key, 1)) for key in ("red", "blue")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with open(path) as file:
            settings = json.load(file)
    assert settings == {"red": 1, "blue": 1}, f"settings are {settings}"


if __name__ == "__main__":
    main()
