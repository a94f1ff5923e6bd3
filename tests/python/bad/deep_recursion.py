"""Recursion as deep as Python allows, in threads with little stack and in C-heavy frames; endless too."""

import threading

depths = []


def down(depth):
    depths[-1] = depth
    return max(map(down, [depth + 1]))


def body():
    try:
        down(0)
    except RecursionError:
        pass


threading.stack_size(16 << 20)
for _ in range(2):
    depths.append(0)
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
assert depths[0] == depths[1] > 200, depths


def plain(depth):
    return 0 if depth == 0 else 1 + plain(depth - 1)


threading.Thread(target=plain, args=(900,)).start()
print("deep")
