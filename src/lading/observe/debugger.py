"""A port → what the debugger there says to an editor that attaches.

Source: Microsoft's "Debug Adapter Protocol", 1.65, "Base Protocol", "Initialize" and "Attach".
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Seconds for the whole conversation, and the most bytes of one message.
_PATIENCE, _LARGEST = 15.0, 1_000_000


@dataclass(slots=True)
class Session:
    """A connection, and what has come over it and was not read yet."""

    socket: socket.socket
    until: float
    sent: int = 0
    buffer: bytearray = field(default_factory=bytearray)

    def send(self, command: str, arguments: Mapping[str, Any]) -> int:
        """Send a request, and return its number."""
        self.sent += 1
        message = {"seq": self.sent, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.sent

    def messages(self) -> Iterator[dict[str, Any]]:
        """What comes, until the time is up. Raises `OSError` where the other side hangs up or does not speak so."""
        while True:
            head, found, rest = bytes(self.buffer).partition(b"\r\n\r\n")
            length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b"")
            size = int(length.partition(b":")[2] or 0) if found and length[15:].strip().isdigit() else 0
            if found and not 0 < size <= _LARGEST:
                raise OSError("it does not speak the Debug Adapter Protocol")
            if found and len(rest) >= size:
                del self.buffer[: len(head) + 4 + size]
                yield dict(json.loads(rest[:size]))
                continue
            self.socket.settimeout(max(self.until - time.monotonic(), 0.001))
            data = self.socket.recv(65_536)
            if not data:
                raise OSError("it hung up")
            self.buffer += data


def attach(address: tuple[str, int]) -> tuple[tuple[str, ...], bool, str]:
    """What the adapter at `address` can, whether it took an `attach`, and what went wrong; the program goes on.

    The capabilities are those that it says are true. Nothing is raised: what went wrong is the last of the three.
    """
    capabilities: tuple[str, ...] = ()
    try:
        with socket.create_connection(address, timeout=_PATIENCE) as connection:
            session = Session(connection, time.monotonic() + _PATIENCE)
            asked = session.send("initialize", {"adapterID": "debugpy", "clientID": "lading", "pathFormat": "path"})
            for message in session.messages():
                if message.get("type") == "response" and message.get("request_seq") == asked:
                    if not message.get("success"):
                        return (), False, f"it refused `initialize`: {message.get('message', '')}"
                    body = message.get("body") or {}
                    capabilities = tuple(sorted(name for name, value in body.items() if value is True))
                    asked = session.send("attach", {"name": "lading", "subProcess": True})
                    break
            for message in session.messages():
                if message.get("type") == "event" and message.get("event") == "initialized":
                    session.send("disconnect", {"terminateDebuggee": False})
                    return capabilities, True, ""
                if message.get("request_seq") == asked and message.get("success") is False:
                    return capabilities, False, f"it refused `attach`: {message.get('message', '')}"
    except (OSError, ValueError) as error:
        return capabilities, False, str(error) or type(error).__name__
    return capabilities, False, "it said nothing more"
