"""os._exit in a thread, while another one has a lock and the main thread waits for it."""

import os
import threading

lock = threading.Lock()
lock.acquire()
thread = threading.Thread(target=lock.acquire)
thread.start()
leaver = threading.Thread(target=os._exit, args=(6,))
leaver.start()
thread.join()
