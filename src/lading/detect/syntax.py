"""The bytes of a Python file → its statements, also where it has syntax that is newer than the Python that runs this.

What only newer releases parse is written the older way first, each line in its place: nothing of it decides a fact.
"""

from __future__ import annotations

import ast
import re
import warnings

#: Which Python parses and then does not print.
_NUMBER = re.compile(rb"0[xXoObB][0-9a-fA-F_]{3000}")

_ERROR = rb"(?:\w+\.)*[A-Z]\w*"
_NEWER = (
    # PEP 758: `except OSError, ValueError:`
    (
        re.compile(rb"^([ \t]*except\*?[ \t]+)(%s(?:[ \t]*,[ \t]*%s)+)([ \t]*:)" % (_ERROR, _ERROR), re.MULTILINE),
        rb"\1(\2)\3",
    ),
    # PEP 695 and 696: `def first[T](…)`, `class Page[T: Model = Item]:`, `type Ids = list[int]`
    (
        re.compile(
            rb"^([ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+\w+)\[([^()=]{1,800}?|[^\n]{1,500}?)\][ \t]*([(:])",
            re.MULTILINE,
        ),
        lambda found: found[1] + found[3] + b"\n" * found[2].count(b"\n"),
    ),
    (re.compile(rb"^([ \t]*)type[ \t]+(\w+)(?:\[[^\n=]{1,500}\])?[ \t]*=", re.MULTILINE), rb"\1\2 ="),
    # PEP 750: `t"…"`
    (re.compile(rb"(?<![\w\"'])[tT][rR]?(?=[\"'])"), b"f"),
)
#: PEP 701: an f-string with its own quotes in its braces, `f"{user["name"]}"`.
_QUOTED = re.compile(rb"(?<![\w\"'])(?:[fF][rR]?|[rR][fF])([\"']).*[\"']")
#: Each line that is mended costs another parsing of the file: so many lines, and so many bytes in all.
_MOST_QUOTED, _MOST_PARSED = 200, 8_000_000


def parse(data: bytes) -> list[ast.stmt]:
    """The statements. Raises what `ast.parse` raises, of the file as it is."""
    if _NUMBER.search(data):
        raise SyntaxError("a number of thousands of digits", ("", 1, 0, ""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the project's own code: an invalid escape
        try:
            return ast.parse(data).body
        except SyntaxError:
            older = _older(data)
            if older is None:
                raise
            return older


def _older(data: bytes) -> list[ast.stmt] | None:
    text = data
    for pattern, replacement in _NEWER:
        text = pattern.sub(replacement, text)
    for _ in range(min(_MOST_QUOTED, _MOST_PARSED // max(len(data), 1))):
        try:
            return ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            lines = text.split(b"\n")
            line = getattr(error, "lineno", 0) or 0
            plain = _QUOTED.sub(b'""', lines[line - 1]) if 0 < line <= len(lines) else b""
            if not plain or plain == lines[line - 1]:
                return None
            lines[line - 1] = plain
            text = b"\n".join(lines)
    return None
