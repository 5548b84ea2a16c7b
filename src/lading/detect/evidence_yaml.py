"""Text of a YAML file → nested values with their lines, as far as compose files and workflows need; it never raises.

Not YAML: block mappings, block sequences, scalars in every style, brackets and braces, anchors. What it does not know
(tags, complex keys) it takes for a text or leaves out; `read_strictly` says where that was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lading.detect import evidence_yaml_flow as flow

#: Larger files and deeper trees were not written by hand.
LONGEST = 400_000
DEEPEST = 30

_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s#:'"\[{&*!|>%@`-][^:#]*?|-[^\s:][^:#]*?|<<)\s*:(?:\s+(.*))?""")
_QUOTED = {'"': re.compile(r'"((?:\\.|[^\\"])*)"'), "'": re.compile(r"'((?:[^']|'')*)'(?!')")}
_ANCHOR = re.compile(r"&(\S+)\s*")
_OUTSIDE, _NO_PAIR, _TWICE = "stands outside of everything", "is no `key: value`", "says the same key again"


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line that it begins on."""

    value: str | list[Node] | dict[str, Node]
    line: int
    key: int = field(default=0, compare=False)  # the line of its key, in a mapping

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
    return read_strictly(text)[0]


def read_strictly(text: str) -> tuple[Node, Mapping[int, str]]:
    """The same, and the lines that no value was read from, each with the reason."""
    raws = text[:LONGEST].splitlines()
    lines = [_Line(len(raw) - len(raw.lstrip(" ")), raw.strip(), number) for number, raw in enumerate(raws, start=1)]
    if not lines:
        return Node({}, 1), {}
    reader = _Reader(lines)
    node, after = reader.block(0, 0)
    reader.unread |= {line.number: _OUTSIDE for line in lines[after:] if not line.blank}
    tabs = (number for number, raw in enumerate(raws, start=1) if re.match(r" *\t\s*[^\s#]", raw))
    return node, dict(sorted((reader.unread | dict.fromkeys(tabs, "is indented with a tab")).items()))


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
    unread: dict[int, str] = field(default_factory=dict)

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
        own: set[int] = set()  # lines of its keys
        start = self.lines[at].number
        while (at := self._next(at)) < len(self.lines):
            line = self.lines[at]
            if line.indent < indent or (line.text.startswith("- ") and line.indent <= indent):
                break
            found = _KEY.fullmatch(line.text) if line.indent == indent else None
            if found is None:
                self.unread[line.number] = _NO_PAIR
                at += 1
                continue
            key = found[1].strip("\"'")
            node, at = self._scalar((found[2] or "").strip(), at, indent, depth)
            if key == "<<":
                for merged in node.items or [node]:
                    table = {**merged.table, **table}
                continue
            # What a merge brought gives way.
            if key in table and table[key].key in own:
                self.unread[line.number] = _TWICE
            own.add(line.number)
            table[key] = Node(node.value, node.line, line.number)
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
        """A plain or quoted text, or what stands in brackets or braces, that may go on on further lines."""
        after, number, parts = at + 1, self.lines[at].number, [rest]
        quote, nested = rest[0] if rest[0] in "\"'" else "", rest[0] in "[{"
        parts = [flow.uncommented(rest)] if nested else parts
        depth = flow.depth(rest) if nested else 0
        while after < len(self.lines):
            line = self.lines[after]
            if quote:
                goes_on = not _QUOTED[quote].match(" ".join(parts))
            else:
                goes_on = depth > 0 if nested else line.indent > indent and not line.blank
            if not goes_on or len(parts) > 200:
                break
            if not line.blank:
                parts.append(flow.uncommented(line.text) if nested else line.text)
                depth += flow.depth(line.text) if nested else 0
            after += 1
        text = " ".join(parts)
        if nested:
            if depth:
                self.unread[number] = "opens a bracket and does not close it"
            return self._nested(flow.parse(text), number), after
        if quote:
            found = _QUOTED[quote].match(text)
            if found is None:
                self.unread[number] = "opens a quotation mark and does not close it"
            inner = found[1] if found else text[1:]
            return Node(flow.unescaped(inner) if quote == '"' else inner.replace("''", "'"), number), after
        return Node(re.sub(r"\s+#.*", "", text), number), after

    def _nested(self, value: flow.Flow, number: int) -> Node:
        if isinstance(value, dict):
            return Node({key: replace(self._nested(one, number), key=number) for key, one in value.items()}, number)
        if isinstance(value, list):
            return Node([self._nested(one, number) for one in value], number)
        return self.anchors.get(value[1:], Node("", number)) if value.startswith("*") else Node(value, number)
