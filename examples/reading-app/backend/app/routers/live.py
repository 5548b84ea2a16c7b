"""Progress while it happens, over a WebSocket."""

import asyncio
from contextlib import aclosing, suppress

from fastapi import APIRouter, WebSocket, WebSocketDisconnect, status
from redis.exceptions import RedisError

from app.database import new_async_session
from app.dependencies import TextId
from app.models import Document, Status
from app.progress import DONE, follow

router = APIRouter()

# Browsers hide the status of a refused handshake, and show the code with which a connection is closed.
NOT_FOUND = 4404


@router.websocket("/ws/texts/{text_id}")
async def watch(websocket: WebSocket, text_id: TextId) -> None:
    """Send each step of a text's analysis as JSON, and close when it is over."""
    async with new_async_session() as session:  # a dependency would hold its connection for as long as we watch
        text = await session.get(Document, text_id)
    await websocket.accept()
    if text is None:
        await websocket.close(NOT_FOUND, f"There is no text {text_id}")
        return
    if text.status == Status.DONE:  # its progress may be forgotten, its statistics are not
        await websocket.send_text(DONE.model_dump_json())
        await websocket.close()
        return
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(send_steps(websocket, text_id))
        leaving = group.create_task(client_leaves(websocket))
        # Whichever ends first: the analysis, or the client's patience.
        sending.add_done_callback(lambda _: leaving.cancel())
        leaving.add_done_callback(lambda _: sending.cancel())


async def send_steps(websocket: WebSocket, text_id: int) -> None:
    with suppress(WebSocketDisconnect):
        try:
            async with aclosing(follow(text_id)) as steps:
                async for progress in steps:
                    await websocket.send_text(progress.model_dump_json())
        except RedisError:
            await websocket.close(status.WS_1013_TRY_AGAIN_LATER)
        else:
            await websocket.close()


async def client_leaves(websocket: WebSocket) -> None:
    """Return when the client, or the server that stops, has closed the connection; what it says is not heard."""
    async for _ in websocket.iter_bytes():
        pass
