"""Tasks of asyncio talk to a server of their own, and to Redis; a thread reads a file beside them.
Arguments: the port of Redis, a file."""

import asyncio
import sys


async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def ask_echo(port, number):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"task {number}\n".encode())
    print((await reader.readline()).decode().strip())
    writer.close()
    await writer.wait_closed()


async def ask_redis(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PING\r\nTIME\r\n")
    for _ in range(6):
        print((await reader.readline()).decode().strip())
    writer.close()
    await writer.wait_closed()


def read_file(path):
    with open(path, encoding="ascii") as file:
        return file.read()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(ask_echo(port, number) for number in range(3)))
    await ask_redis(int(sys.argv[1]))
    print(await asyncio.get_running_loop().run_in_executor(None, read_file, sys.argv[2]), end="")
    process = await asyncio.create_subprocess_exec(
        "tr", "a-z", "A-Z", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print((await process.communicate(b"from a child\n"))[0].decode(), end="")
    server.close()
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
