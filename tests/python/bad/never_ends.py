"""A thread that is no daemon and waits for ever: natively it hangs at the end, here it is a verdict."""

import queue
import threading

todo = queue.Queue()
threading.Thread(target=todo.get, name="worker").start()
print("main leaves")
