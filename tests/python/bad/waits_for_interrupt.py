"""Says `ready`, then waits until somebody outside interrupts it: the test sends SIGINT."""

import threading

never = threading.Event()
thread = threading.Thread(target=never.wait, daemon=True)
thread.start()
try:
    print("ready", flush=True)
    never.wait()
except KeyboardInterrupt:
    print("interrupted")
