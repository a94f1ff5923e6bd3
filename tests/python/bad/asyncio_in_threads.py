"""A loop of asyncio in each of two threads, which call each other: run_coroutine_threadsafe, executor."""

import asyncio
import threading

loops = {}
both = threading.Barrier(2)


async def double(number):
    await asyncio.sleep(0.01)
    return 2 * number


async def main(me):
    loops[me] = asyncio.get_running_loop()
    await asyncio.to_thread(both.wait)
    other = asyncio.run_coroutine_threadsafe(double(me), loops[1 - me])
    assert await asyncio.wrap_future(other) == 2 * me
    queue = asyncio.Queue(1)

    async def put():
        for i in range(3):
            await queue.put(i)

    putting = asyncio.create_task(put())
    assert [await queue.get() for _ in range(3)] == [0, 1, 2]
    await putting
    await asyncio.to_thread(both.wait)


threads = [threading.Thread(target=asyncio.run, args=(main(i),)) for i in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("two loops")
