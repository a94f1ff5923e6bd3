"""event_pulse, put right: the event stays set."""

import threading


def runner(gun):
    gun.wait()


def starter(gun):
    gun.set()


def main():
    gun = threading.Event()
    threads = [threading.Thread(target=part, args=(gun,)) for part in (runner, starter)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
