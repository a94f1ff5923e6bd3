"""Imports what is not there, before any thread."""

import threading

import frontrun_no_such_module

threading.Thread(target=frontrun_no_such_module.main).start()
