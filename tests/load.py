"""A steady load, and every answer that it got: requests that start on time, whether or not those before have ended."""

import asyncio
import collections
import time


async def one(port: int, path: str, seconds: float) -> str:
    """The status of one request, or what went wrong with it."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        return type(error).__name__
    return answer.partition(b"\r\n")[0].decode() or "nothing"


async def steady(port: int, rate: int, until: "asyncio.Event", slow: float, every: int) -> "collections.Counter[str]":
    """Ask `rate` times a second until the event is set, each `every`-th for `slow` seconds; what came of them all."""
    asked: list[asyncio.Task[str]] = []
    began = time.monotonic()
    while not until.is_set():
        path = f"/slow/{slow}" if len(asked) % every == 0 else "/health"
        asked.append(asyncio.create_task(one(port, path, slow + 20)))
        await asyncio.sleep(max(began + len(asked) / rate - time.monotonic(), 0))
    return collections.Counter(await asyncio.gather(*asked))
