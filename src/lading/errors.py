"""The one tree of errors; this module imports nothing of ours.

    Error            status, message, hint
    ├─ BadInput   2  your project, flags or configuration need a change
    │  └─ NotFound   a question about the project that no file answers
    ├─ Outside    3  an engine, a registry, a mirror or the network failed: trying again may help
    └─ Untrusted  3  what came from outside is not what was signed or locked

An error stops us; what we merely have to say about a project is a `Finding`. Anything that is not an `Error`
is a bug of ours, and the command line exits with status 4.
"""


class Error(Exception):
    """Something that stops us: one sentence without a full stop, and what to do about it.

    `where` is a place in the user's files, `path` or `path:line`, when there is one.
    """

    status = 4

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class BadInput(Error):
    """The project, a flag or a configuration file cannot be used as it stands."""

    status = 2


class NotFound(BadInput):
    """No file of the project answers a question that must be answered."""


class Outside(Error):
    """Something that we do not control failed: an engine, a registry, a mirror, the disk, the network."""

    status = 3


class Untrusted(Outside):
    """Bytes from outside whose signature or hash is not the expected one; nothing of them was kept."""
