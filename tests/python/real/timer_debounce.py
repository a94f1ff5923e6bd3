"""threading.Timer as a debouncer: each call puts off the save; in the end there is one.

race:   cancel() comes when the old timer's function runs already: the new text is saved twice (gil: on)
locked: the function looks under a lock whether it is still the newest; never fails
"""

import sys
import threading


class Editor:
    def __init__(self, checked):
        self.lock = threading.Lock()
        self.checked = checked
        self.timer = None
        self.saves = []
        self.text = None

    def type(self, text):
        with self.lock:
            if self.timer is not None:
                self.timer.cancel()
            self.text = text
            self.timer = threading.Timer(0.02, self.save)
            self.timer.args = (self.timer,)
            self.timer.start()

    def save(self, timer):
        with self.lock:
            if self.checked and timer is not self.timer:
                return
            self.saves.append(self.text)


def main(variant):
    editor = Editor(variant == "locked")
    editor.type("h")
    first = editor.timer
    threading.Event().wait(0.01)
    editor.type("hi")
    last = editor.timer
    for timer in (first, last):
        timer.join()
    # Where the second key was struck late the first text is saved too, and rightly so.
    assert editor.saves in (["hi"], ["h", "hi"]), editor.saves


if __name__ == "__main__":
    main(sys.argv[1])
