"""A small client of the Debug Adapter Protocol: what an editor says to debugpy to stop at a line.

Source: Microsoft's "Debug Adapter Protocol", 1.65, Base Protocol and Types; debugpy's wiki, "Command Line Reference",
for how a process that the debugged one starts is attached to.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Queue
from typing import Any, BinaryIO, Self


class Debugger:
    """One session with the adapter at a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.settimeout(None)
        self.sent = 0
        self.heard: list[dict[str, Any]] = []
        self.coming: Queue[dict[str, Any]] = Queue()
        threading.Thread(target=self.listen, args=(self.socket.makefile("rb"),), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request, and return its number."""
        self.sent += 1
        body = json.dumps({"seq": self.sent, "type": "request", "command": command, "arguments": arguments}).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.sent

    def wait(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        """The first message that is wanted, heard before or to come. Raises `TimeoutError`."""
        for message in self.heard:
            if wanted(message):
                return message
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                message = self.coming.get(timeout=left)
            except Empty:
                break
            self.heard.append(message)
            if wanted(message):
                return message
        raise TimeoutError(self.heard)

    def event(self, name: str, seconds: float = 20) -> dict[str, Any]:
        """The first event of that name."""
        found = self.wait(lambda one: one["type"] == "event" and one["event"] == name, seconds)
        return dict(found.get("body") or {})

    def answer(self, number: int) -> dict[str, Any]:
        """The response to a request, which must be a success."""
        found = self.wait(lambda one: one["type"] == "response" and one["request_seq"] == number)
        assert found["success"], found
        return dict(found.get("body") or {})

    def events(self, name: str, seconds: float) -> list[dict[str, Any]]:
        """Every event of that name that was heard, or is within that time."""
        with suppress(TimeoutError):
            self.wait(lambda _: False, seconds)
        return [dict(one["body"]) for one in self.heard if one["type"] == "event" and one["event"] == name]

    def listen(self, file: BinaryIO) -> None:
        """Put every message that comes into the queue, until the other side hangs up."""
        with suppress(OSError), file:
            size = 0
            while line := file.readline():
                if line.lower().startswith(b"content-length:"):
                    size = int(line.partition(b":")[2])
                elif not line.strip():
                    self.coming.put(dict(json.loads(file.read(size))))

    def attach(self, **more: Any) -> None:
        """Attach, up to where breakpoints may be set."""
        self.answer(self.send("initialize", adapterID="debugpy", pathFormat="path"))
        self.send("attach", name="test", connect={"host": "127.0.0.1", "port": self.port}, subProcess=True, **more)
        self.event("initialized")

    def stop_at(self, path: str, line: int) -> None:
        """Set a breakpoint in a file, by its path in the container, and let the program go on."""
        number = self.send("setBreakpoints", source={"path": path}, breakpoints=[{"line": line}])
        self.answer(number)
        self.answer(self.send("configurationDone"))
