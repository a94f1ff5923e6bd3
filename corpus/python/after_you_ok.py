"""after_you, put right: who has been passed the stamp uses it."""

import threading


class Desk:
    def __init__(self):
        self.changed = threading.Condition()
        self.in_need = set()
        self.holder = None

    def queue_up(self, teller):
        with self.changed:
            self.in_need.add(teller)

    def stamp(self, teller):
        with self.changed:
            while True:
                self.changed.wait_for(lambda: self.holder in (None, teller))
                others = self.in_need - {teller}
                if self.holder == teller or not others:
                    break
                self.holder = others.pop()
                self.changed.notify_all()
            self.in_need.remove(teller)
            self.holder = None
            self.changed.notify_all()


def work(desk, teller):
    desk.queue_up(teller)
    desk.stamp(teller)


def main():
    desk = Desk()
    threads = [threading.Thread(target=work, args=(desk, name)) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not desk.in_need


if __name__ == "__main__":
    main()
