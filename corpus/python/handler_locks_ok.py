"""handler_locks, put right: the handler takes no lock; append() of a list needs none."""

import signal
import threading

log_lock = threading.Lock()
log = []


def append(line):
    log.append(line)


def write(line):
    with log_lock:
        append(line)


def on_reload(signum, frame):
    append("reload")


def operator():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)


def main():
    log.clear()
    signal.signal(signal.SIGUSR1, on_reload)
    thread = threading.Thread(target=operator)
    thread.start()
    write("working")
    thread.join()
    write("done")
    assert log.count("working") == log.count("done") == 1


if __name__ == "__main__":
    main()
