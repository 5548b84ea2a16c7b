"""Groups of named values, each with what told us → lines for a person: `name  value  because`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lading.report import page, words

if TYPE_CHECKING:
    from rich.console import RenderableType

#: A group with longer names than usual has a wider column of its own, and one that is too long goes on below.
_USUAL, _LONGEST = 20, 34

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """A heading and its rows, or, in place of them, lines to paste, which are neither wrapped nor cut."""

    heading: str
    rows: Sequence[Row] = ()
    paste: Sequence[str] = ()
    style: str = "dim"


def text(title: str, groups: Iterable[Group | tuple[str, Iterable[Row]]], width: int, *, color: bool) -> str:
    """A title, and below it each group that has rows under its own heading; the columns of most groups line up."""
    whole = [group if isinstance(group, Group) else Group(group[0], list(group[1])) for group in groups]
    filled = [group for group in whole if group.rows or group.paste]
    names = max((len(name) for group in filled for name, _, _ in group.rows if len(name) <= _USUAL), default=0)
    made = page.text([page.line(words.printable(title), "bold")], width, color=color)
    for group in filled:
        parts: list[RenderableType] = [page.line(""), page.line(group.heading, group.style)]
        parts += [_table(group.rows, names)] if group.rows else []
        made += page.text(parts, width, color=color)
        made += "".join(f"  {words.printable(line)}\n" for line in group.paste)
    return made


def _table(rows: Sequence[Row], names: int) -> RenderableType:
    table = page.table("fixed", 5, 4, least=names + 2, full=True)
    for name, value, because in rows:
        cells = (page.line(words.printable(value)), page.line(words.printable(because), "dim"))
        table.add_row(page.line("\n".join(f"  {part}" for part in _broken(words.printable(name)))), *cells)
    return table


def _broken(name: str) -> list[str]:
    """A name in lines that leave room beside them, broken after an underscore where there is one."""
    lines = []
    while len(name) > _LONGEST:
        end = name.rfind("_", 1, _LONGEST) + 1 or _LONGEST
        lines.append(name[:end])
        name = name[end:]
    return [*lines, name]
