"""Code that nobody watches: one half makes calls, the other loops over an object of its own."""


class Node:
    def __init__(self):
        self.value = 0

    def add(self, amount):
        self.value = self.value + amount
        return self.value


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def calls(size):
    node = Node()
    for _ in range(size):
        node.add(fibonacci(8))
    return node.value


def loops(size):
    node, seen = Node(), {}
    for i in range(size * 60):
        node.value = node.value + i
        seen[i & 15] = node.value
    return node.value
