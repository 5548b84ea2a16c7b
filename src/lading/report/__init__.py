"""Report → text, one module a format. To add one, write a module with `render` and name it here."""

from __future__ import annotations

from typing import Protocol

from lading.model import Report
from lading.report import json, terminal


class Format(Protocol):
    """What a module of this folder provides."""

    def render(self, report: Report, width: int, color: bool, /) -> str:  # noqa: FBT001 - a terminal's two properties
        """`report` as text; a format that is not for people does not heed `width` and `color`."""


REPORTS = dict[str, Format](terminal=terminal, json=json)
