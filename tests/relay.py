"""A server's address that a test can take away and give back: what connects here is passed on, until it is cut."""

import contextlib
import selectors
import socket
import threading
from typing import Self


class Relay:
    """Listens on a port of loopback, and passes on to `target` whatever connects. A context manager."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listening: socket.socket | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def open(self) -> None:
        """Take connections, from now on."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(200)
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        """Refuse every new connection, and end those that there are."""
        if self._listening is not None:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        for pair in self._pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                here, _ = listening.accept()
                there = socket.create_connection(self._target, 5)
            except OSError:
                return
            self._pairs.append((here, there))
            threading.Thread(target=_pass, args=(here, there), daemon=True).start()


def _pass(here: socket.socket, there: socket.socket) -> None:
    """Both ways, until either ends."""
    with selectors.DefaultSelector() as waiting, here, there:
        waiting.register(here, selectors.EVENT_READ, there)
        waiting.register(there, selectors.EVENT_READ, here)
        while True:
            for key, _ in waiting.select():
                source, target = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                try:
                    data = source.recv(65536)
                    target.sendall(data)
                except OSError:
                    data = b""
                if not data:
                    return
