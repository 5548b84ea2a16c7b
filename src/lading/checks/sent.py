"""A source tree and the patterns of its ignore file → the secrets that would reach the builder, by what files hold.

Patterns know names; a service account's key may be called anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lading import ignore
from lading.checks import secrets
from lading.checks.forbidden import APP
from lading.model import File
from lading.source import Source

#: What is larger is data, or made by a tool.
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret in a file that would be sent: what it is, never its value."""

    path: str
    what: str
    line: int = 0  # 0: the file as a whole

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place} holds {self.what}, and would reach the builder"

    @property
    def hint(self) -> str:
        """What to do about it."""
        if self.line:
            return "let the code read it from the environment, and change it: it may be in the history of git"
        return f'leave it out with `exclude = ["{self.path}"]` under [tool.lading]'


def leaks(source: Source, patterns: Iterable[str]) -> tuple[Leak, ...]:
    """The secrets in those files of `source` that `patterns` leave, in the order of their paths."""
    ignored = ignore.matcher(tuple(patterns))
    sent = (path for path in sorted(source.files) if not ignored(path) and source.size(path) <= _MOST_BYTES)
    return tuple(leak for path in sent for leak in _found(path, source))


def _found(path: str, source: Source) -> Iterator[Leak]:
    data = source.read(path)
    where = f"{APP}/{path}"
    # Of a file that is no text that we know, only a key is looked for: it says what it is.
    if secrets.keep(where) or b"PRIVATE KEY" in data:
        file = File(path=where, kind="file", mode=0o644, uid=0, gid=0, size=len(data), data=data)
        for secret in secrets.found(file):
            yield Leak(path, secret.what, secret.line)
