"""Uvicorn as process 1: `python -m uvicorn`, and what its end lacks there.

By itself it heeds a second SIGINT but no second SIGTERM, and neither before it serves; and when all is shut down it
still waits for the threads of routes that are no coroutines, until the engine kills it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, NoReturn


def uvicorn(_config: dict[str, Any], _env: dict[str, str], rest: list[str]) -> None:
    """Be `python -m uvicorn`, told `rest`."""
    import runpy
    import signal

    import uvicorn

    stop, asked = uvicorn.Server.handle_exit, []

    def handle_exit(server: Any, number: int, frame: FrameType | None) -> None:
        asked.append(number)
        heed(at_once)
        stop(server, number, frame)

    def ended(number: int, _frame: FrameType | None) -> NoReturn:
        """What Uvicorn puts back in place and calls when all is shut down."""
        if not asked:
            raise SystemExit(128 + number)
        heed(at_once)
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.alarm(1)  # for threads that go on
        raise SystemExit(0)

    heed(ended)
    uvicorn.Server.handle_exit = handle_exit
    sys.path[0], sys.argv[1:] = os.getcwd(), rest
    runpy.run_module("uvicorn", run_name="__main__", alter_sys=True)


def heed(handler: Any) -> None:
    """Let `handler` have what asks a server to end."""
    import signal

    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)


def at_once(_number: int, _frame: FrameType | None) -> NoReturn:
    """End as one that is killed: the first process of a container cannot kill itself."""
    os._exit(128 + 9)
