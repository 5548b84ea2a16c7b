"""Text of a YAML file → nested values with their lines, as far as compose files and workflows need; it never raises.

Not YAML: block mappings, block sequences, scalars in every style, sequences in brackets, anchors. What it does not know
(tags, complex keys, mappings in braces) it takes for a text or leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Larger files and deeper trees were not written by hand.
LONGEST = 400_000
DEEPEST = 30

_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s#:'"\[{&*!|>%@`-][^:#]*?|-[^\s:][^:#]*?|<<)\s*:(?:\s+(.*))?""")
_QUOTED = {'"': re.compile(r'"((?:\\.|[^\\"])*)"'), "'": re.compile(r"'((?:[^']|'')*)'(?!')")}
_ANCHOR = re.compile(r"&(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line that it begins on."""

    value: str | list[Node] | dict[str, Node]
    line: int

    def get(self, *keys: str) -> Node | None:
        """The value below `keys`; None where there is none."""
        node: Node | None = self
        for key in keys:
            node = node.value.get(key) if node and isinstance(node.value, dict) else None
        return node

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else ""

    @property
    def items(self) -> list[Node]:
        return self.value if isinstance(self.value, list) else []

    @property
    def table(self) -> Mapping[str, Node]:
        return self.value if isinstance(self.value, dict) else {}


def read(text: str) -> Node:
    """The first document of `text`; empty for what is none."""
    lines = [
        _Line(len(raw) - len(raw.lstrip(" ")), raw.strip(), number)
        for number, raw in enumerate(text[:LONGEST].splitlines(), start=1)
    ]
    return _Reader(lines).block(0, 0)[0] if lines else Node({}, 1)


@dataclass(slots=True)
class _Line:
    indent: int
    text: str
    number: int

    @property
    def blank(self) -> bool:
        return not self.text or self.text.startswith("#") or self.text in {"---", "..."}


@dataclass(slots=True)
class _Reader:
    lines: list[_Line]
    anchors: dict[str, Node] = field(default_factory=dict)

    def block(self, at: int, depth: int) -> tuple[Node, int]:
        """The mapping or sequence whose first line is the next that is not blank, and the line after it."""
        at = self._next(at)
        if at >= len(self.lines) or depth > DEEPEST:
            return Node("", at + 1), len(self.lines)
        first = self.lines[at]
        if first.text.startswith("- ") or first.text == "-":
            return self._sequence(at, first.indent, depth)
        return self._mapping(at, first.indent, depth)

    def _next(self, at: int) -> int:
        while at < len(self.lines) and self.lines[at].blank:
            at += 1
        return at

    def _sequence(self, at: int, indent: int, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        start = self.lines[at].number
        while (at := self._next(at)) < len(self.lines):
            line = self.lines[at]
            if line.indent != indent or not (line.text.startswith("- ") or line.text == "-"):
                break
            rest = line.text[1:].lstrip()
            if not rest:
                node, at = self._below(at, indent, depth)
            elif _KEY.fullmatch(rest) and not rest.startswith(("'", '"')):
                # `- key: value`: a mapping that begins behind the dash.
                self.lines[at] = _Line(indent + len(line.text) - len(rest), rest, line.number)
                node, at = self._mapping(at, self.lines[at].indent, depth + 1)
            else:
                node, at = self._scalar(rest, at, indent, depth)
            items.append(node)
        return Node(items, start), at

    def _mapping(self, at: int, indent: int, depth: int) -> tuple[Node, int]:
        table: dict[str, Node] = {}
        start = self.lines[at].number
        while (at := self._next(at)) < len(self.lines):
            line = self.lines[at]
            if line.indent < indent or (line.text.startswith("- ") and line.indent <= indent):
                break
            found = _KEY.fullmatch(line.text) if line.indent == indent else None
            if found is None:
                at += 1  # what we do not know
                continue
            key = found[1].strip("\"'")
            node, at = self._scalar((found[2] or "").strip(), at, indent, depth)
            if key == "<<":
                table = {**node.table, **table}
            else:
                table[key] = node
        return Node(table, start), at

    def _below(self, at: int, indent: int, depth: int) -> tuple[Node, int]:
        """What is nested under the line `at`; a sequence may stand as far left as its key."""
        after = self._next(at + 1)
        if after < len(self.lines):
            line = self.lines[after]
            in_key = not self.lines[at].text.startswith("-") and line.indent == indent and line.text.startswith("- ")
            if line.indent > indent or in_key:
                return self.block(after, depth + 1)
        return Node("", self.lines[at].number), at + 1

    def _scalar(self, rest: str, at: int, indent: int, depth: int) -> tuple[Node, int]:
        number = self.lines[at].number
        anchor = _ANCHOR.match(rest)
        rest = rest[anchor.end() :] if anchor else rest
        if rest.startswith("#") or not rest:
            node, after = self._below(at, indent, depth)
        elif rest.startswith("*"):
            node, after = self.anchors.get(rest[1:].split()[0] if rest[1:].split() else "", Node("", number)), at + 1
        elif re.fullmatch(r"[|>][+-]?\d?[+-]?(?:\s+#.*)?", rest):
            node, after = self._literal(at, indent)
        else:
            node, after = self._flow(rest, at, indent)
        if anchor:
            self.anchors[anchor[1]] = node
        return node, after

    def _literal(self, at: int, indent: int) -> tuple[Node, int]:
        after = at + 1
        while after < len(self.lines) and (self.lines[after].indent > indent or not self.lines[after].text):
            after += 1
        return Node("\n".join(line.text for line in self.lines[at + 1 : after]), self.lines[at].number), after

    def _flow(self, rest: str, at: int, indent: int) -> tuple[Node, int]:
        """A plain or quoted text, or a sequence in brackets, that may go on on further lines."""
        after, number, parts = at + 1, self.lines[at].number, [rest]
        quote = rest[0] if rest[0] in "\"'" else ""
        while after < len(self.lines):
            line = self.lines[after]
            if quote:
                goes_on = not _QUOTED[quote].match(" ".join(parts))
            elif rest[0] == "[":
                goes_on = "]" not in parts[-1]
            else:
                goes_on = line.indent > indent and not line.blank
            if not goes_on or len(parts) > 200:
                break
            parts.append(line.text)
            after += 1
        text = " ".join(part for part in parts if not (part.startswith("#") and rest[0] == "["))
        if rest[0] == "[":
            words = re.findall(r""""((?:\\.|[^"\\])*)"|'([^']*)'|([^\s,\[\]'"][^,\[\]]*)""", text)
            return Node([Node(_unescaped(a) or b or c.strip(), number) for a, b, c in words], number), after
        if quote:
            found = _QUOTED[quote].match(text)
            inner = found[1] if found else text[1:]
            return Node(_unescaped(inner) if quote == '"' else inner.replace("''", "'"), number), after
        return Node(re.sub(r"\s+#.*", "", text), number), after


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text)
