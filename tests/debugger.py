"""A small client of the Debug Adapter Protocol: what an editor says to debugpy to stop at a line.

Source: Microsoft's "Debug Adapter Protocol", 1.65, Base Protocol and Types; debugpy's wiki, "Command Line Reference",
for how a process that the debugged one starts is attached to.
"""

import json
import socket
import time
from collections.abc import Callable
from typing import Any, Self


class Debugger:
    """One session with the adapter at a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")
        self.sent = 0
        self.heard: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
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
        self.socket.settimeout(seconds)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.read()
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

    def read(self) -> dict[str, Any]:
        size = 0
        while line := self.file.readline().strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        if not size:
            raise ConnectionError(self.heard)
        return dict(json.loads(self.file.read(size)))

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
