"""Handlers of signals, which Python runs in the main thread between two opcodes: a timer, a signal from
another thread, one that raises out of a wait, set_wakeup_fd."""

import os
import signal
import threading

seen = []
total = [0]


class Stop(Exception):
    pass


def on_alarm(number, frame):
    seen.append("alarm")


def on_usr1(number, frame):
    total[0] += 1
    handled.set()


def on_usr2(number, frame):
    raise Stop


signal.signal(signal.SIGALRM, on_alarm)
signal.signal(signal.SIGUSR1, on_usr1)
signal.signal(signal.SIGUSR2, on_usr2)
reader, writer = os.pipe()
os.set_blocking(writer, False)
signal.set_wakeup_fd(writer)
signal.setitimer(signal.ITIMER_REAL, 0.05)
never = threading.Event()
handled = threading.Event()


def body():
    for _ in range(3):
        handled.clear()
        os.kill(os.getpid(), signal.SIGUSR1)
        handled.wait()


thread = threading.Thread(target=body)
thread.start()
# A join that began before a signal would not be interrupted in 3.11.
while thread.is_alive() or not seen:
    never.wait(0.01)
thread = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR2))
try:
    thread.start()
    never.wait(60)
    raise AssertionError("not stopped")
except Stop:
    thread.join()
signal.set_wakeup_fd(-1)
numbers = os.read(reader, 100)
assert seen == ["alarm"] and total[0] == 3, (seen, total)
assert sorted(numbers) == sorted([signal.SIGUSR1] * 3 + [signal.SIGUSR2, signal.SIGALRM]), numbers
print("handled")
