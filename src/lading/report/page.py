"""Styled lines and tables → text of a given width, with colour or without, whatever this process's terminal is.

The only module that knows Rich, and imports it when there is something to lay out: `--json` does without.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

NARROWEST, WIDEST = 60, 120


def line(text: str, style: str = "") -> Text:
    """One line, or several, of `text` as it is: brackets mean nothing in it."""
    from rich.text import Text

    return Text(text, style)


def indented(text: str, by: int, style: str = "") -> RenderableType:
    """A paragraph `by` columns from the left, also where it is wrapped."""
    from rich.padding import Padding

    return Padding(line(text, style), (0, 0, 0, by))


def table(*columns: int | Literal["fixed", "right"], least: int = 0, full: bool = False) -> Table:
    """A table without lines: a column is as wide as what is in it, or has its share of the rest.

    `least` is the width of the first column, `full` makes the table as wide as the page.
    """
    from rich.table import Table

    made = Table.grid(padding=(0, 2, 0, 0), expand=full)
    for number, column in enumerate(columns):
        if isinstance(column, int):
            made.add_column(ratio=column, overflow="fold")
        else:
            side: Literal["left", "right"] = "right" if column == "right" else "left"
            made.add_column(no_wrap=True, justify=side, min_width=least if number == 0 and least else None)
    return made


def text(parts: Iterable[RenderableType], width: int, *, color: bool) -> str:
    """`parts`, one below the other, without the blanks that only fill a line."""
    from rich.console import Console

    page = io.StringIO()
    console = Console(
        file=page,
        width=max(NARROWEST, min(width, WIDEST)),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},  # COLUMNS, TERM and NO_COLOR were heeded by whoever gave us width and colour
    )
    for part in parts:
        console.print(part)
    return "\n".join(one.rstrip() for one in page.getvalue().splitlines()) + "\n"
