"""TOML 1.1, which uv writes and reads → TOML 1.0, which Python does: inline tables over several lines become one.

TOML 1.1, "Inline Table": newlines and a trailing comma are allowed where 1.0 has neither.
"""

from __future__ import annotations

import re

_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n,]|[^"\'#\[\]{}\n,]+|.',
    re.DOTALL,
)


def flat(text: str) -> str:
    """`text` with the newlines, the comments and the last comma of each inline table dropped."""
    made: list[str] = []
    open_: list[str] = []
    for piece in _PIECE.findall(text):
        if piece in {"{", "["}:
            # `[` at the start of a line is a table's heading; it closes on that line, so that it does no harm here.
            open_.append(piece)
        elif piece in {"}", "]"} and open_:
            open_.pop()
            if piece == "}":
                _drop_comma(made)
        if "{" in open_ and (piece == "\n" or piece.startswith("#")):
            made.append(" ")
        else:
            made.append(piece)
    return "".join(made)


def _drop_comma(made: list[str]) -> None:
    for place in range(len(made) - 1, -1, -1):
        if made[place].strip():
            if made[place] == ",":
                made[place] = " "
            return
