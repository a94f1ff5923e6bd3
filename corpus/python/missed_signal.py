"""The predicate is tested before the lock of the condition is taken: a notification between the
test and the wait is missed."""

import threading


class Model:
    def __init__(self):
        self.changed = threading.Condition()
        self.weights = None

    def loaded(self):
        return self.weights is not None

    def load(self):
        with self.changed:
            self.weights = [1, 2, 3]
            self.changed.notify_all()

    def predict(self):
        if not self.loaded():
            with self.changed:
                self.changed.wait()
        return sum(self.weights)


def main():
    model = Model()
    threads = [threading.Thread(target=model.predict), threading.Thread(target=model.load)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
