"""Sizes, times and digests → the words that every report uses for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lading.checks.image import megabytes
from lading.model import Cors, Image, Verdict

#: What a person reads for each verdict, and the sign before it.
VERDICTS: Mapping[Verdict, tuple[str, str]] = {
    "pass": ("✓", "proved"),
    "fail": ("✗", "failed"),
    "unknown": ("?", "unknown"),
    "waived": ("~", "waived"),
    "skip": ("-", "skipped"),
}


def seconds(value: float) -> str:
    """`3 ms`, `0.42 s`, `12.3 s`, `2 min 5 s`."""
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 10:
        return f"{value:.2f} s"
    return f"{value:.1f} s" if value < 120 else f"{value // 60:.0f} min {value % 60:.0f} s"


def cors(value: Cors) -> tuple[str, str]:
    """The variable of the origins that a browser may call from, and how it holds them."""
    return value.variable, {"json": "a JSON list", "comma": "with commas", "one": "as it is"}[value.written]


def short(digest: str) -> str:
    """The start of a digest, long enough to find the image by: `sha256:3f2a9c1b0d4e`."""
    algorithm, colon, rest = digest.rpartition(":")
    return algorithm + colon + rest[:12]


def image(value: Image) -> str:
    """What was made, in one line."""
    count = len(value.layers)
    return f"{short(value.digest)} · {megabytes(value.size)} in {count} layer{'s' * (count != 1)} · {value.platform}"


def totals(verdicts: Sequence[Verdict]) -> str:
    """`9 proved · 1 unknown`, the good first."""
    order: tuple[Verdict, ...] = ("pass", "fail", "unknown", "waived", "skip")
    counted = ((verdicts.count(verdict), VERDICTS[verdict][1]) for verdict in order)
    return " · ".join(f"{count} {word}" for count, word in counted if count)


def printable(text: str) -> str:
    """`text` on one line, without what would move a terminal's cursor or change its colours."""
    return "".join(char if char.isprintable() else " " for char in text)
