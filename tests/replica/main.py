"""An ASGI application with no framework, so that fifty of it start in seconds: what the tests of the launcher serve."""

import asyncio
import atexit
import os
import time
from typing import Any

Message = dict[str, Any]


async def app(scope: Message, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await websocket(receive, send)
    elif scope["path"] == "/stream":
        await stream(send)
    else:
        if scope["path"].startswith("/slow/"):
            await asyncio.sleep(float(scope["path"].rpartition("/")[2]))
        elif scope["path"].startswith("/later/"):  # as telemetry does
            atexit.register(sent)
        elif scope["path"].startswith("/thread/"):  # as a route of FastAPI that is no coroutine
            await asyncio.to_thread(time.sleep, float(scope["path"].rpartition("/")[2]))
        await answer(send, f"{scope['path']} {os.environ.get('REPLICA', '')} {os.getpid()}")


def sent() -> None:
    time.sleep(3)
    print("sent at the end", flush=True)


async def lifespan(receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "lifespan.startup"
    print("lifespan began", flush=True)
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    print("lifespan ended", flush=True)
    await send({"type": "lifespan.shutdown.complete"})


async def websocket(receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def stream(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    while True:
        await send({"type": "http.response.body", "body": b"data: x\n\n", "more_body": True})
        await asyncio.sleep(0.1)


async def answer(send: Any, text: str) -> None:
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
