"""Two pykka actors and a list: messages are not copied.

shared: the list is in the message, and its sender goes on with it (gil: on)
copied: a tuple of it is sent; never fails
"""

import sys

import pykka


class Printer(pykka.ThreadingActor):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_receive(self, lines):
        self.seen.append(len(lines))
        return [line for line in lines]


def main(variant):
    printer = Printer.start()
    batch = ["first"]
    answer = printer.ask(tuple(batch) if variant == "copied" else batch, block=False)
    batch.append("second")
    got = answer.get()
    printer.stop()
    assert got == ["first"], got


if __name__ == "__main__":
    main(sys.argv[1])
