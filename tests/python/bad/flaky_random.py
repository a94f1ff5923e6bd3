"""Fails or passes by chance: random numbers, UUIDs, secrets, hashes of strings."""

import random
import secrets
import sys
import threading
import uuid

seen = []


def body():
    seen.append((random.random(), uuid.uuid4(), secrets.token_hex(4), hash("frontrun")))


threads = [threading.Thread(target=body) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(seen, list({"set", "of", "words", "in", "any", "order"}))
sys.exit(random.random() < 0.5)
