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
    from typing import Any


def uvicorn(config: dict[str, Any], _env: dict[str, str], rest: list[str]) -> None:
    """Be `python -m uvicorn`, told `rest`."""
    import runpy
    import signal

    import uvicorn

    stop = uvicorn.Server.handle_exit
    asked: list[int] = []
    down: list[int] = []

    def heed(handler: Any) -> None:
        signal.signal(signal.SIGTERM, handler)
        signal.signal(signal.SIGINT, handler)

    def handle_exit(server: Any, number: int, frame: FrameType | None) -> None:
        asked.append(number)
        heed(at_once)
        signal.signal(signal.SIGALRM, at_once)
        signal.alarm(max(config["stop_seconds"] - 1, 1))  # just before the engine does it
        stop(server, number, frame)

    def ended(number: int, _frame: FrameType | None) -> None:
        """What Uvicorn puts back in place, and since 0.29 calls when all is shut down."""
        if not asked:
            raise SystemExit(128 + number)
        down.append(number)
        heed(at_once)

    def at_once(number: int, _frame: FrameType | None) -> None:
        """End as one that is killed, which the first process of a container cannot do to itself."""
        os._exit(0 if down and number == signal.SIGALRM else 128 + signal.SIGKILL)

    heed(ended)
    uvicorn.Server.handle_exit = handle_exit
    sys.path[0], sys.argv[1:] = os.getcwd(), rest
    runpy.run_module("uvicorn", run_name="__main__", alter_sys=True)
