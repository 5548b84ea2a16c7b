"""A message and open files ↔ one datagram of a Unix socket, between lading and the processes that hold containers."""

from __future__ import annotations

import array
import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

#: Well under the kernel's default limit for one datagram (net.core.wmem_default).
_LARGEST = 64_000


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a channel that keeps messages apart and shows each end when the other is gone."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(channel: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send `message`, a value of JSON's, with `files` opened for the other side. Raises `OSError` when it is gone."""
    data = json.dumps(message).encode()
    if len(data) <= _LARGEST:
        socket.send_fds(channel, [b"=" + data], list(files))
        return
    with os.fdopen(os.memfd_create("message"), "r+b") as file:
        file.write(data)
        file.flush()
        socket.send_fds(channel, [b"@"], [file.fileno(), *files])


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message and the files that came with it. Raises `EOFError` when the other side is gone."""
    try:
        data, ancillary, _, _ = channel.recvmsg(_LARGEST + 1, socket.CMSG_SPACE(16 * 4), socket.MSG_CMSG_CLOEXEC)
    except ConnectionError as error:
        raise EOFError from error
    if not data:
        raise EOFError
    files = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            files.frombytes(content[: len(content) - len(content) % files.itemsize])
    if data[:1] == b"=":
        return json.loads(data[1:]), list(files)
    with os.fdopen(files[0], "rb") as file:
        file.seek(0)
        return json.loads(file.read()), list(files[1:])
