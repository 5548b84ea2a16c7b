"""What stands in brackets and braces in a YAML file → lists, mappings and texts; it never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator

Flow = str | list["Flow"] | dict[str, "Flow"]

#: Deeper ones were not written by hand.
DEEPEST = 30

#: Quoted texts, punctuation, a colon that ends a key, and plain texts, in which `${…}` may stand.
_TOKEN = re.compile(
    r"""\s*(?:"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>(?:[^']|'')*)'|(?P<mark>[\[\]{},]|:(?=[\s,\[\]{}"']|$))"""
    r"""|(?P<plain>(?:\$\{[^}]*\}|[^\s,\[\]{}:]|:(?![\s,\[\]{}"']|$))(?:\$\{[^}]*\}|[^,\[\]{}:]|:(?![\s,\[\]{}]|$))*))"""
)


def depth(line: str) -> int:
    """How many brackets and braces `line` opens, less those that it closes."""
    marks = [text for kind, text in _tokens(line) if kind == "mark"]
    return sum(mark in "[{" for mark in marks) - sum(mark in "]}" for mark in marks)


def uncommented(line: str) -> str:
    """`line` without the comment at its end; one with a quotation mark in it stays, and is passed over."""
    return re.sub(r"(?:^|\s)#[^\"']*$", "", line)


def parse(text: str) -> Flow:
    """The value that `text` begins with, as far as it goes. An alias is a text that begins with `*`."""
    return _Reader(list(_tokens(text))).value(0)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        raw = found[kind]
        if kind == "plain" and raw.startswith("#"):
            return
        plain = re.sub(r"\s#.*", "", raw).strip() if kind == "plain" else raw
        yield kind, unescaped(raw) if kind == "double" else raw.replace("''", "'") if kind == "single" else plain


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def value(self, deep: int) -> Flow:
        kind, text = self.take()
        if kind != "mark" or deep > DEEPEST:
            return text if kind != "mark" else ""
        if text == "[":
            items: list[Flow] = []
            while self.peek() not in {"]", "}", ""}:
                if self.peek() == ",":
                    self.take()
                else:
                    items.append(self.pair(deep))
            self.take()
            return items
        table: dict[str, Flow] = {}
        while text == "{" and self.peek() not in {"]", "}", ""}:
            if self.peek() == ",":
                self.take()
                continue
            pair = self.pair(deep)
            table |= pair if isinstance(pair, dict) else {str(pair): ""}
        self.take() if text == "{" else None
        return table

    def pair(self, deep: int) -> Flow:
        """A value, or a key with its value: `[a: b]` is a list of a mapping."""
        first = self.value(deep + 1)
        if self.peek() != ":" or not isinstance(first, str):
            return first
        self.take()
        return {first: "" if self.peek() in {",", "]", "}", ""} else self.value(deep + 1)}

    def peek(self) -> str:
        """The next mark; `text` where it is none, empty at the end."""
        if self.at >= len(self.tokens):
            return ""
        kind, text = self.tokens[self.at]
        return text if kind == "mark" else "text"

    def take(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ("", "")


def unescaped(text: str) -> str:
    """What stands between double quotes, its escapes of lines and tabs read."""
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), text)
