"""The bytes of a Python file → what it imports, without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?P<base>[\w.]+)[ \t]+import[ \t]+(?P<names>\([^)]{0,10000}\)|[^\n;#]+)"
    rb"|import[ \t]+(?P<modules>[^\n;#]+))",
    re.MULTILINE,
)


class Imported(NamedTuple):
    """What a name was imported from: `from ..x import y` is `Imported("x", "y", 2)`, `import x.y` has no name."""

    module: str
    name: str | None
    level: int
    line: int = 0


def read(data: bytes, known: dict[bytes, tuple[Imported, ...]]) -> Iterator[Imported]:
    """What a file imports, anywhere in it. By a pattern, since all the files that a backend reaches are asked.

    `known` is what was read of other files: most of them import the same.
    """
    at, done = data.find(b"import"), 0
    while at >= 0:  # the pattern alone would try every line
        start = data.rfind(b"\n", done, at) + 1
        found = _IMPORT.match(data, start) if start or not done else None  # the first statement of a line is read
        done = at + 1
        if found and found.end() > at:
            text = found[0]
            if text not in known:
                known[text] = tuple(_imported(found))
            yield from known[text]
            done = found.end()
        at = data.find(b"import", done)


def _imported(found: re.Match[bytes]) -> Iterator[Imported]:
    text = found["modules"] or found["names"]
    if b"(" in text or b"#" in text or b"\\" in text:
        text = re.sub(rb"#[^\n]*|[()\\]", b" ", text)
    names = [part.split(None, 1)[0] for part in text.decode(errors="replace").split(",") if part.strip()]
    if found["modules"]:
        yield from (Imported(name, None, 0) for name in names)
    else:
        base = found["base"].decode(errors="replace")
        module = base.lstrip(".")
        yield from (Imported(module, name, len(base) - len(module)) for name in names)
