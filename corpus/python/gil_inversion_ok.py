"""gil_inversion, put right: the library is called without the GIL (ctypes.CDLL)."""

import ctypes
import threading

libc = ctypes.CDLL(None)


class Device:
    def __init__(self):
        self.mutex = ctypes.create_string_buffer(64)
        self.readings = []

    def measure(self):
        self.readings.append(len(self.readings))

    def read(self):
        libc.pthread_mutex_lock(self.mutex)
        self.measure()
        libc.pthread_mutex_unlock(self.mutex)


def main():
    device = Device()
    threads = [threading.Thread(target=device.read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert device.readings == [0, 1]


if __name__ == "__main__":
    main()
