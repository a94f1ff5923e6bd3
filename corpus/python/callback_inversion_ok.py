"""callback_inversion, put right: the model calls its listeners without its lock."""

import threading


class Model:
    def __init__(self):
        self.lock = threading.Lock()
        self.value = 0
        self.listeners = []

    def publish(self, value):
        with self.lock:
            self.value = value
        for listener in self.listeners:
            listener(value)

    def read(self):
        with self.lock:
            return self.value


class View:
    def __init__(self, model):
        self.lock = threading.Lock()
        self.model = model
        self.shown = None
        model.listeners.append(self.on_change)

    def on_change(self, value):
        with self.lock:
            self.shown = value

    def draw(self):
        with self.lock:
            self.shown = self.model.read()


def main():
    model = Model()
    view = View(model)
    threads = [
        threading.Thread(target=model.publish, args=(7,)),
        threading.Thread(target=view.draw),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert view.shown in (0, 7)


if __name__ == "__main__":
    main()
